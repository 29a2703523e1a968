"""``python -m sheetline`` is the command ``sheetline``."""

from sheetline.workbook.cli import main

if __name__ == "__main__":
    main()
