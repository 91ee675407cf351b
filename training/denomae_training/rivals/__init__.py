# SPDX-License-Identifier: GPL-3.0-or-later
"""What the masked autoencoder is measured against: other networks, and a forest on cumulants."""
