"""A workspace."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.layout import Layout
from runner.workspaces import default_root, find_workspace, trusted_workspace

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.api.data.assets import DataAssets
    from runner.api.endpoints.listing import Endpoints
    from runner.api.environments.listing import Environment
    from runner.api.models import Model, ModelVersion
    from runner.api.runs.listing import Rows, RunList
    from runner.api.runs.run import Run
    from runner.api.sweeps.sweep import Sweep


class Workspace:
    """The folder with everything that was run, registered and served.

    Reading executes nothing, so any workspace can be read. The methods that run, finish or serve something refuse a
    workspace that others could have written.

    Parameters
    ----------
    path : str or Path, optional
        The folder. Default: as for commands, the variable ``VIVERO_WORKSPACE``, or ``.vivero`` in the nearest folder
        above that has one or is a repository.
    create : bool
        Make the workspace if it does not exist.

    Raises
    ------
    UserError
        If there is no workspace, or it cannot be read.
    """

    def __init__(self, path: str | Path | None = None, *, create: bool = False) -> None:
        given = None if path is None else os.path.abspath(Path(path).expanduser())
        if create:
            Layout(Path(given) if given is not None else default_root(Path.cwd())).create()
        self._layout = find_workspace(given)
        self._rows: Rows | None = None

    @property
    def layout(self) -> Layout:
        """The paths of the files in the workspace."""
        return self._layout

    @property
    def root(self) -> Path:
        """The folder of the workspace."""
        return self._layout.root

    def trusted(self) -> Layout:
        """Return the layout to execute something in.

        Raises
        ------
        UserError
            If others could have written the workspace.
        """
        return trusted_workspace(str(self.root))

    def runs(
        self,
        where: str | None = None,
        *,
        experiment: str | None = None,
        status: str | None = None,
        tags: Mapping[str, str] | None = None,
        ids: Collection[str] | None = None,
        sort: str | None = None,
        reverse: bool = False,
        limit: int | None = None,
        offset: int = 0,
        archived: bool = False,
    ) -> RunList:
        """Return the runs that match, newest first.

        The first call reads an index. Later calls of the same object only look at what has changed.

        Parameters
        ----------
        where : str, optional
            A comparison such as ``"Accuracy > 0.95 and params.kernel == 'rbf'"``, as ``vivero runs --where`` takes it.
        experiment, status : str, optional
            Only runs of this experiment, or with this status.
        tags : mapping, optional
            Only runs with these tags.
        ids : collection of str, optional
            Only runs with these ids.
        sort : str, optional
            A metric, a field or ``params.NAME``: largest first.
        reverse : bool
            Reverse the order.
        limit, offset : int
            How many to return, and how many to skip before. The list's `total` counts all that match.
        archived : bool
            Also archived runs. Without it they are left out, unless `where` asks about ``archived``.

        Raises
        ------
        UserError
            If `where` is not a comparison, or nothing has the named field, metric, experiment or status.
        """
        from runner.api.runs.listing import RunList

        rows, total, problems = self._index().page(
            limit=limit,
            offset=offset,
            where=where,
            experiment=experiment,
            status=status,
            tags=tags,
            ids=ids,
            sort=sort,
            reverse=reverse,
            archived=archived,
        )
        return RunList(self, rows, total, problems)

    def each_row(self, **selection: Any) -> Iterator[dict[str, Any]]:
        """Yield the rows of the runs that match, few of which are in memory at a time.

        Parameters
        ----------
        selection
            As for `runs`, without `limit` and `offset`.

        Raises
        ------
        UserError
            As `runs` does.
        """
        return self._index().each(**selection)

    def run_names(self) -> Mapping[str, Collection[str]]:
        """Return the names of the params, metrics and tags that runs have, by these words."""
        return self._index().names()

    def active_runs(self) -> list[Run]:
        """Return the runs that have not ended, in no particular order."""
        from runner.api.runs.run import Run

        return [Run(self, row["experiment"], row["id"]) for row in self._index().active()]

    def _index(self) -> Rows:
        from runner.api.runs.listing import Rows

        if self._rows is None:
            self._rows = Rows(self._layout)
        return self._rows

    def run(self, text: str) -> Run:
        """Return a run by its id, a unique part of it, or ``latest``; ``RUN_1`` is its first child run.

        Raises
        ------
        UserError
            If there is none, or more than one.
        """
        from runner.api.runs.meant import run_of

        return run_of(self, text)

    def pipelines(self, experiment: str | None = None, *, limit: int | None = None) -> list[Run]:
        """Return the runs that are pipelines, newest first, without those that are a step of another."""
        from runner.api.pipelines import list_pipelines

        return list_pipelines(self, experiment, limit)

    def pipeline(self, text: str) -> Run:
        """Return a pipeline's run by its id, a unique part of it, or ``latest``.

        Raises
        ------
        UserError
            If there is none, or more than one, or the run is not a pipeline.
        """
        from runner.api.pipelines import find_pipeline

        return find_pipeline(self, text)

    def experiments(self) -> list[str]:
        """Return the names of the experiments that have runs."""
        from runner.store.runs import FileRunStore

        return FileRunStore(self._layout).experiments()

    def sweeps(
        self, *, experiment: str | None = None, state: str | None = None, limit: int | None = None
    ) -> list[Sweep]:
        """Return the sweeps that can be read, newest first; name the others on standard error."""
        from runner.api.sweeps.sweep import list_sweeps

        sweeps = list_sweeps(self)
        chosen = [
            sweep
            for sweep in sweeps
            if (experiment is None or sweep.experiment == experiment) and (state is None or sweep.state == state)
        ]
        return chosen[:limit]

    def sweep(self, text: str) -> Sweep:
        """Return a sweep by its id, a unique part of it, or ``latest``.

        Raises
        ------
        UserError
            If there is none, or more than one.
        """
        from runner.api.sweeps.state import find_sweep
        from runner.api.sweeps.sweep import Sweep

        return Sweep(self, find_sweep(self._layout, text))

    def models(self) -> list[Model]:
        """Return the models that have a version."""
        from runner.api.models import Model
        from runner.store.registry import FileRegistry

        return [Model(self, name) for name in FileRegistry(self._layout).names()]

    def model(self, reference: str) -> ModelVersion:
        """Return a version: ``NAME`` or ``NAME:latest``, ``NAME:3``, ``NAME@alias``.

        Raises
        ------
        UserError
            If there is none.
        """
        from runner.api.models import ModelVersion
        from runner.store.registry import FileRegistry

        return ModelVersion(self, FileRegistry(self._layout).resolve(reference))

    @property
    def data(self) -> DataAssets:
        """The data assets: iterate over them, `add` to them, `get` one or a `version`."""
        from runner.api.data.assets import DataAssets

        return DataAssets(self)

    @property
    def endpoints(self) -> Endpoints:
        """The endpoints: iterate over them, `get` one or `deploy` a model."""
        from runner.api.endpoints.listing import Endpoints

        return Endpoints(self)

    def environments(self) -> list[Environment]:
        """Return the environments with what needs them, newest last."""
        from runner.api.environments.listing import Environment, rows

        return [Environment(self._layout, row["key"], row) for row in rows(self._layout)]

    def environment(self, text: str) -> Environment:
        """Return the environment with a unique part of a key.

        Raises
        ------
        UserError
            If none or several match.
        """
        from runner.api.environments.listing import Environment
        from runner.environments.catalogue import find_environment, stored_environments

        return Environment(self._layout, find_environment(stored_environments(self._layout), text).key)

    def clusters(self) -> list[tuple[str, ...]]:
        """Return the words that name clusters, such as ``("compute=lab",)``, for `nodes`.

        They are those of the configuration folders, and those that the latest runs were given. Nothing is connected to.
        """
        from runner.api.nodes import known_clusters

        return known_clusters(self)

    def nodes(self, *overrides: str) -> list[dict[str, Any]]:
        """Return the state of the nodes of a cluster, as ``vivero nodes compute=lab`` does.

        Raises
        ------
        UserError
            If the compute has no nodes, or the words cannot be composed.
        """
        from runner.api.nodes import look

        return look(overrides)

    def submit(self, *overrides: str, stream: Callable[[str], Any] | None = None) -> Run:
        """Start a run in a process of its own, and return it once its id is known.

        The run goes on if this process ends.

        Parameters
        ----------
        overrides : str
            The words after ``python -m runner``, such as ``"+experiment=iris"``.
        stream : callable, optional
            Gets what the script prints; the method then returns when the run has ended.

        Raises
        ------
        UserError
            If the composition has a mistake, in the line that the command prints.
        """
        from runner.api.submit import submit_run

        run = submit_run(self, overrides)
        return run if stream is None else run.stream(stream)

    def train(
        self,
        estimator: Any,
        data: Any,
        target: str | None = None,
        *,
        preprocessing: Any = None,
        model: str | None = None,
        overrides: Sequence[str] = (),
        stream: Callable[[str], Any] | None = None,
        **settings: Any,
    ) -> Run:
        """Start a run that trains and evaluates an estimator, and return it once its id is known.

        Parameters
        ----------
        estimator, preprocessing : str, dict or estimator
            An option, such as ``"svc"``, a mapping with ``_target_``, or an unfitted scikit-learn object.
        data : str, Path or DataFrame
            A data asset, a file or ``"sklearn:NAME"``. A data frame becomes a data asset named after the model.
        target : str or None
            The column to predict. None means that of a data set of scikit-learn.
        model : str or None
            The name to register the model by.
        overrides : sequence of str
            More words for the command line, such as ``"environment=sklearn-1.5"``.
        stream : callable, optional
            As in `submit`.
        **settings
            Those of the section ``train``, such as ``holdout=0.3`` or ``cross_validation=TimeSeriesSplit(5)``.

        Raises
        ------
        UserError
            If a setting is unknown, or a parameter cannot be written down, such as a function of one's own.
        """
        from runner.api.training import words_of

        words = words_of(self, estimator, data, target, preprocessing=preprocessing, model=model, settings=settings)
        return self.submit(*words, *overrides, stream=stream)

    def submit_sweep(self, *overrides: str) -> Sweep:
        """Start a sweep in a process of its own, and return it once its id is known.

        Parameters
        ----------
        overrides : str
            The words after ``python -m runner -m``.

        Raises
        ------
        UserError
            If the composition has a mistake, in the line that the command prints.
        """
        from runner.api.submit import submit_sweep

        return submit_sweep(self, overrides)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Workspace) and self.root == other.root

    def __hash__(self) -> int:
        return hash(self.root)

    def __repr__(self) -> str:
        return f"<Workspace {self.root}>"
