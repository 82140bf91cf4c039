"""The trainer: what it makes of `model.examples` as the owner of its one partition."""
