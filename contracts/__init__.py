"""What others see on the wire: topics, alert events, dead letters, course facts, inputs."""
