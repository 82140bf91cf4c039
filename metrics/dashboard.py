"""real-time-dashboard: every section from one view, so that its numbers agree."""

from metrics.activity import comparison, realtime_metrics, recent_activities
from metrics.engagement import engagement
from metrics.goals import goals
from metrics.insights import insights
from metrics.progress_summary import progress_summary
from metrics.scores_trend import performance_trends
from metrics.sessions import learning_sessions
from metrics.shapes_dashboard import Dashboard
from metrics.view import View


def dashboard(view: View) -> Dashboard:
    """All that real-time-dashboard answers, but for what opens every answer."""
    engaged = engagement(view)
    said = insights(view, engaged)
    return Dashboard(
        progress_summary=progress_summary(view),
        realtime_metrics=realtime_metrics(view, engaged),
        comparison=comparison(view),
        recent_activities=recent_activities(view),
        performance_trends=performance_trends(view),
        learning_sessions=learning_sessions(view),
        goals=goals(view),
        insights=[each.text for each in said],
        insight_details=said,
    )
