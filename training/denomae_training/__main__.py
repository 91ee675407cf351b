# SPDX-License-Identifier: GPL-3.0-or-later
import sys

from denomae_training.cli import main

sys.exit(main())
