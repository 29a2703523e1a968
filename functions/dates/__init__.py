"""Dates and times as whole arrays: calendar arithmetic, time zones, parsing and formatting.

Every kernel works on int64 numpy arrays of microseconds since 1970-01-01T00:00 UTC ("µs") and knows
nothing of nulls: whatever stands in a null slot gives some value without raising, and the caller masks it.
"Local µs" are the same count for the reading of a wall clock in some zone.

- :mod:`~sheetline.functions.dates.calendar`: the proleptic Gregorian calendar, no time zones.
- :mod:`~sheetline.functions.dates.workdays`: Monday to Friday without holidays.
- :mod:`~sheetline.functions.dates.zones`: instants to wall clocks and back.
- :mod:`~sheetline.functions.dates.patterns`: date patterns in Joda's letters.
- :mod:`~sheetline.functions.dates.parse`: text to dates.
- :mod:`~sheetline.functions.dates.format`: dates to text.
- :mod:`~sheetline.functions.dates.arithmetic`: adding, rounding, differences, durations.
"""
