# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to a waveform between its modulator and a receiver's samples: one idea a file.

Each file has pure functions of explicit parameters, and a frozen dataclass of ranges that draws
them. What is linear stands in the clean signal; interference, the offset of a mixer's DC and what
the converter does stand in the noisy signal alone.
"""
