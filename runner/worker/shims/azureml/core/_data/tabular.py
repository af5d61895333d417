"""Azure's tabular datasets: a table and what is to be done with its rows, which is done when they are asked for."""

import datetime


class Column(object):
    """A column of a dataset in a condition, such as ``dataset["age"] > 30``."""

    def __init__(self, compute):
        self._compute = compute

    def of(self, frame):
        """Return the values of a data frame."""
        return self._compute(frame)

    def _with(self, other, combine):
        def compute(frame):
            return combine(self.of(frame), other.of(frame) if isinstance(other, Column) else other)

        return Column(compute)

    def __eq__(self, other):
        return self._with(other, lambda left, right: left == right)

    def __ne__(self, other):
        return self._with(other, lambda left, right: left != right)

    def __lt__(self, other):
        return self._with(other, lambda left, right: left < right)

    def __le__(self, other):
        return self._with(other, lambda left, right: left <= right)

    def __gt__(self, other):
        return self._with(other, lambda left, right: left > right)

    def __ge__(self, other):
        return self._with(other, lambda left, right: left >= right)

    def __and__(self, other):
        return self._with(other, lambda left, right: left & right)

    def __or__(self, other):
        return self._with(other, lambda left, right: left | right)

    def __invert__(self):
        return Column(lambda frame: ~self.of(frame))

    def __hash__(self):
        return id(self)

    def __bool__(self):
        raise TypeError("combine conditions with & and |, each in parentheses, instead of and / or")

    def is_null(self):
        """Return whether a value is missing."""
        return Column(lambda frame: self.of(frame).isnull())

    def is_in(self, values):
        """Return whether a value is one of some."""
        return Column(lambda frame: self.of(frame).isin(list(values)))

    def starts_with(self, text):
        """Return whether a text starts with another."""
        return Column(lambda frame: self.of(frame).str.startswith(text, na=False))

    def contains(self, text):
        """Return whether a text contains another."""
        return Column(lambda frame: self.of(frame).str.contains(text, regex=False, na=False))


class Tabular(object):
    """The methods of a tabular dataset. Those that return rows return another one, and read nothing."""

    timestamp = None

    def take(self, count):
        """Return the first rows."""
        return self._then(lambda frame: frame.head(count))

    def skip(self, count):
        """Return the rows after the first `count`."""
        return self._then(lambda frame: frame.iloc[count:])

    def drop_columns(self, columns):
        """Return the rows without the given columns."""
        return self._then(lambda frame: frame.drop(columns=_names(columns)))

    def keep_columns(self, columns, validate=False):
        """Return the rows with only the given columns."""
        rows = self._then(lambda frame: frame[_names(columns)])
        if validate:
            rows.to_pandas_dataframe()
        return rows

    def filter(self, expression):
        """Return the rows that meet a condition: ``dataset.filter(dataset["age"] > 30)``."""
        if not isinstance(expression, Column):
            raise TypeError("filter takes a condition on columns, such as dataset['age'] > 30")
        return self._then(lambda frame: frame[expression.of(frame)])

    def __getitem__(self, name):
        """Return a column for a condition, or with a list of names the rows with only these columns."""
        if isinstance(name, (list, tuple)):
            return self.keep_columns(list(name))
        return Column(lambda frame: frame[name])

    def random_split(self, percentage, seed=None):
        """Return about `percentage` of the rows, at random, and the others. The same seed splits the same way."""
        if not 0.0 <= percentage <= 1.0:
            raise ValueError("percentage must be between 0.0 and 1.0, not {}".format(percentage))
        seed = _some_seed() if seed is None else seed  # the two parts are read one after the other

        def drawn(frame):
            return frame.reset_index(drop=True).sample(frac=percentage, random_state=seed).index

        def part(frame, chosen):
            frame = frame.reset_index(drop=True)
            mask = frame.index.isin(drawn(frame))
            return frame[mask if chosen else ~mask]

        return self._then(lambda frame: part(frame, True)), self._then(lambda frame: part(frame, False))

    def with_timestamp_columns(self, timestamp=None, partition_timestamp=None, validate=False, **kwargs):
        """Return the rows, with the column that `time_before` and the like look at."""
        rows = self._then(lambda frame: frame)
        rows.timestamp = timestamp or partition_timestamp or kwargs.get("fine_grain_timestamp")
        if validate and rows.timestamp is not None:
            _times(rows.to_pandas_dataframe(), rows.timestamp)
        return rows

    @property
    def timestamp_columns(self):
        """Return the names of the timestamp column and the partition's."""
        return (self.timestamp, None)

    def time_before(self, end_time, include_boundary=True, validate=True):
        """Return the rows until a time."""
        return self._timed(None, end_time, include_boundary)

    def time_after(self, start_time, include_boundary=True, validate=True):
        """Return the rows from a time on."""
        return self._timed(start_time, None, include_boundary)

    def time_between(self, start_time, end_time, include_boundary=True, validate=True):
        """Return the rows between two times."""
        return self._timed(start_time, end_time, include_boundary)

    def time_recent(self, time_delta, include_boundary=True, validate=True):
        """Return the rows of the last while."""
        if not isinstance(time_delta, datetime.timedelta):
            raise ValueError("time_delta must be a timedelta")
        return self._timed(datetime.datetime.now() - time_delta, None, include_boundary)

    def _timed(self, start, end, include):
        name = self.timestamp
        if name is None:
            raise ValueError("the dataset has no timestamp column; name it: dataset.with_timestamp_columns('NAME')")

        def chosen(frame):
            times = _times(frame, name)
            mask = times.notnull()
            if start is not None:
                first = _like(times, start)
                mask &= times >= first if include else times > first
            if end is not None:
                last = _like(times, end)
                mask &= times <= last if include else times < last
            return frame[mask]

        return self._then(chosen)

    def _then(self, step):
        rows = Rows(self, step)
        rows.timestamp = self.timestamp
        return rows


class Rows(Tabular):
    """A tabular dataset with one more thing to be done."""

    def __init__(self, before, step):
        self._before, self._step = before, step

    def to_pandas_dataframe(self, **kwargs):
        """Return the rows as a data frame, numbered from 0."""
        return self._step(self._before.to_pandas_dataframe(**kwargs)).reset_index(drop=True)


def _names(columns):
    return [columns] if isinstance(columns, str) else list(columns)


def _times(frame, name):
    import pandas

    return pandas.to_datetime(frame[name])


def _like(times, bound):
    """Return a time with or without a time zone, as a column's are."""
    import pandas

    bound, zone = pandas.Timestamp(bound), getattr(times.dt, "tz", None)
    if zone is not None and bound.tzinfo is None:
        return bound.tz_localize(zone)
    return bound.tz_convert("UTC").tz_localize(None) if zone is None and bound.tzinfo is not None else bound


def _some_seed():
    import random

    return random.randrange(1 << 32)
