"""What differs between two workbooks, or between two run records, and what each difference reaches.

- :mod:`~sheetline.workbook.diff.sides`: the two that are compared, each with its graph of columns.
- :mod:`~sheetline.workbook.diff.unseen`: columns of sources that can't be looked at.
- :mod:`~sheetline.workbook.diff.spelling`: what formulas mean, whatever their spelling and the names in them.
- :mod:`~sheetline.workbook.diff.keys`: the keys of a sheet, written with the names of the new workbook.
- :mod:`~sheetline.workbook.diff.renames`: columns that are the same under another name.
- :mod:`~sheetline.workbook.diff.matching`: sheets that are the same under another name.
- :mod:`~sheetline.workbook.diff.definitions`: what differs between two workbooks.
- :mod:`~sheetline.workbook.diff.reach`: the columns and outputs that a change reaches.
- :mod:`~sheetline.workbook.diff.records`: what differs between two records beside their workbooks.
- :mod:`~sheetline.workbook.diff.rows`: rows of kept sheets, matched by key.
- :mod:`~sheetline.workbook.diff.model`: the differences, as plain values.
- :mod:`~sheetline.workbook.diff.text`, :mod:`~sheetline.workbook.diff.markdown`: the differences for people.
"""
