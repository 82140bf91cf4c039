"""A folder in OULAD's published layout with learners that are made up."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

WEEKS: Final = 12
_DUES: Final = (20, 45, 70)
_MARKS: Final = 41


def made_up(folder: Path, sizes: Mapping[str, int], *, clicks: bool = True) -> Path:
    """Courses of twelve weeks, by the name of a presentation and how many learners it has.

    Every third learner stops working after four weeks, and does not pass; three assessments weigh
    the same.
    """
    made = folder / "oulad"
    made.mkdir()
    tables: dict[str, list[str]] = {name: [header] for name, header in _HEADERS.items()}
    for place, (course_id, size) in enumerate(sizes.items()):
        _course(tables, place, course_id, size, clicks=clicks)
    for name, lines in tables.items():
        (made / f"{name}.csv").write_text("\n".join(lines) + "\n")
    return made


_HEADERS: Final = {
    "courses": "code_module,code_presentation,module_presentation_length",
    "assessments": "code_module,code_presentation,id_assessment,assessment_type,date,weight",
    "vle": "id_site,code_module,code_presentation,activity_type",
    "studentInfo": (
        "code_module,code_presentation,id_student,gender,age_band,disability,final_result"
    ),
    "studentRegistration": (
        "code_module,code_presentation,id_student,date_registration,date_unregistration"
    ),
    "studentVle": "code_module,code_presentation,id_student,id_site,date,sum_click",
    "studentAssessment": "id_assessment,id_student,date_submitted,is_banked,score",
}


def _course(
    tables: dict[str, list[str]], place: int, course_id: str, size: int, *, clicks: bool
) -> None:
    run = course_id.replace("-", ",")
    tables["courses"].append(f"{run},{7 * WEEKS}")
    tables["vle"].append(f"9,{run},oucontent")
    tables["assessments"] += [f"{run},{10 * place + n},TMA,{due},33" for n, due in enumerate(_DUES)]
    for who in range(size):
        learner, stops = 1000 * place + who, who % 3 == 0
        gender, result = "FM"[who % 2], "Fail" if stops else "Pass"
        tables["studentInfo"].append(f"{run},{learner},{gender},0-35,N,{result}")
        tables["studentRegistration"].append(f"{run},{learner},{-(who % 9)},")
        last = 28 if stops else 7 * WEEKS
        if clicks:
            days = range(who % 3, last, 2 + who % 5)
            tables["studentVle"] += [f"{run},{learner},9,{day},3" for day in days]
        for number, due in enumerate(_DUES):
            if due < last:
                mark = 30 + (7 * who + 11 * number) % _MARKS
                row = f"{10 * place + number},{learner},{due - who % 3},0,{mark}"
                tables["studentAssessment"].append(row)
