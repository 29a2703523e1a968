"""Where a row or a cell of a run comes from, row by row; and how a formula came to its value.

- :mod:`~sheetline.workbook.trace.tracing`: makes the sheets behind one again, with the rows each row is made of.
- :mod:`~sheetline.workbook.trace.contexts`: what depends on a whole sheet, or on where a row stands.
- :mod:`~sheetline.workbook.trace.model`: the trace of a row or cell.
- :mod:`~sheetline.workbook.trace.lines`: the lines of a file in which rows stand.
- :mod:`~sheetline.workbook.trace.records`: traces from a run record.
- :mod:`~sheetline.workbook.trace.explain`: each part of a formula with its value for a row.
"""
