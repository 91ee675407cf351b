# SPDX-License-Identifier: GPL-3.0-or-later
"""The errors a user can cause and mend: what was found, what was wanted, what to do."""


class DenomaeError(ValueError):
    """Something given to the library cannot be used; the message is one sentence for a person."""


class CheckpointError(DenomaeError):
    """A checkpoint is missing, damaged or of another kind."""


class CaptureError(DenomaeError):
    """A capture cannot be read or written."""


class DeviceError(DenomaeError):
    """The compute device that was asked for is not there."""
