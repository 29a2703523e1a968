"""What must be true of a workbook's data: checks of its sheets, and the drift of its sources.

- :mod:`~sheetline.workbook.checks.binding`: from the workbook's checks to bound ones.
- :mod:`~sheetline.workbook.checks.bound`: which rows break a check.
- :mod:`~sheetline.workbook.checks.checking`: making the checks of a run, each as soon as its sheets are there.
- :mod:`~sheetline.workbook.checks.drift`: how sources differ from what the workbook expects.
- :mod:`~sheetline.workbook.checks.gate`: what a run does about it.
"""
