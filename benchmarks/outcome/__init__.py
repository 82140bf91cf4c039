"""What the stream says of OULAD's learners, beside what came of them."""
