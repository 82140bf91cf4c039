"""verify: fold the raw log again and compare with everything that was made of it."""
