"""``python -m sheetline`` is the command ``sheetline``."""

import sys

from sheetline.workbook.cli import main

if __name__ == "__main__":
    sys.exit(main())
