"""Run records: what a run was made of and what it gave, in plain files; and replaying them.

- :mod:`~sheetline.workbook.record.hashing`: hashes of columns, equal for equal content.
- :mod:`~sheetline.workbook.record.tables`: hashes of whole sheets, as they are made.
- :mod:`~sheetline.workbook.record.rowsets`: what tells whether two sheets hold the same rows in another order.
- :mod:`~sheetline.workbook.record.definitions`: what a sheet's result depends on beside its data.
- :mod:`~sheetline.workbook.record.model`: the parts of a record.
- :mod:`~sheetline.workbook.record.files`: records on disk.
- :mod:`~sheetline.workbook.record.objects`: kept sheets as Parquet files, named by their content.
- :mod:`~sheetline.workbook.record.recorder`: watches a run and makes its record.
- :mod:`~sheetline.workbook.record.replay`: runs a record again and compares.
"""
