"""The wire format of `progress.inputs`: one JSON object an input."""

from typing import Final

import msgspec

from domain.fold.inputs import Input

_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(Input)


def encode_input(value: Input) -> bytes:
    """The JSON of one input."""
    return _encoder.encode(value)


def decode_input(data: bytes) -> Input:
    """One input; raises msgspec.DecodeError where it is none."""
    return _decoder.decode(data)
