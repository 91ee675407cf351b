# SPDX-License-Identifier: GPL-3.0-or-later
"""What finished runs say, side by side: figures, tables, and a page that shows them."""
