"""What all estimators share: one way to train, to score and to fill a run folder."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Generic, NamedTuple, Self, TypeVar, cast

from seqwise import __version__
from seqwise.artifact import (
    describe_network,
    has_graph,
    result_texts,
    save_network,
    save_run,
    training_into,
    write_json,
)
from seqwise.artifact.models import load_model, save_model, tensors_of
from seqwise.backend import PREDICTING_LOCK, TRAINING_LOCK, check_process, deferred_imports, import_keras
from seqwise.errors import DataError, NotFittedError, as_path
from seqwise.estimators.memory import check_memory
from seqwise.estimators.parts import Input, PreparedData, Target, build_checked, file_name
from seqwise.estimators.pickling import PickledModel
from seqwise.estimators.saved_settings import plain_settings
from seqwise.estimators.scored import Scored, weights_digest
from seqwise.estimators.seeds import seeded_draws
from seqwise.estimators.settings import check_backend, check_settings, estimator, learned, make_optimizer
from seqwise.estimators.shared_settings import SharedSettings
from seqwise.estimators.training_data import TrainingData, drawn_data
from seqwise.evaluation.comparison import Comparison
from seqwise.evaluation.report import write_report
from seqwise.training import Training, auto_batch_size, fit
from seqwise.training.batches import Batches
from seqwise.training.checkpoints import Checkpoints, digest_of

with deferred_imports():
    from sklearn import exceptions  # pyright: ignore[reportMissingTypeStubs]

MODEL, METRICS, REPORT = "model.keras", "metrics.json", "report.html"
FIT_ONLY = ("callbacks", "verbose", "resume")  # arguments of `fit` that do not change what it trains on


class UnfittedError(NotFittedError, exceptions.NotFittedError):
    """Seqwise's and scikit-learn's error of an estimator that is not trained yet."""


Data = TypeVar("Data", bound=PreparedData)
Shapes = TypeVar("Shapes")  # the summary of the data's shapes
Compared = TypeVar("Compared", bound=Comparison)


class Schedule(NamedTuple):
    """How long a training is.

    Attributes:
        batch_size: samples of a training step. epochs: the most epochs.
        rate: the learning rate for an optimizer given by name: a number or a Keras schedule.
        warm: a second training goes on from the first; see `seqwise.training.loop.fit`.
    """

    batch_size: int
    epochs: int
    rate: Any
    warm: bool = False


class TrainingBatches(NamedTuple):
    """What a training learns from.

    Attributes:
        validation: the batches that the best epoch is found on; may be empty.
        refit: what the model learns from once the best epoch is known; None keeps that epoch's weights.
    """

    train: Batches[Any]
    validation: Batches[Any]
    refit: Batches[Any] | None = None


@estimator
class Estimator(SharedSettings, Generic[Data, Shapes, Compared]):
    """An estimator of declared settings, with scikit-learn's verbs.

    Attributes:
        model_: the Keras model. training_: history, seconds, best epoch.
        input_, target_: what it knows of its inputs, and of its targets.
        notes_: what was found in the data, one sentence each. summary_: the shapes in words.
        data_: the file that it was trained on; None for data in memory.
        results_: the texts of a loaded run's result files; None after `fit`.
    """

    result_files: ClassVar[tuple[str, ...]] = (METRICS, REPORT)  # what a loaded run carries along unread
    fit_call: ClassVar[str] = ".fit(X, y)"  # of the message that it is not trained yet
    loads_compiled: ClassVar[bool] = False  # with its loss and optimizer
    input_types: ClassVar[tuple[type[Input], ...]]  # those that a run folder may hold
    target_type: ClassVar[type[Target]]

    model_: Any = learned()
    training_: Training = learned()
    input_: Any = learned()
    target_: Any = learned()
    notes_: list[str] = learned()
    summary_: str = learned()
    data_: str | None = learned()
    results_: dict[str, str] | None = learned()
    _data: Data | None = learned()  # of the last `fit`; None after `load`
    _scored: Scored | None = learned()
    _measured: Any = learned(default=None)  # what `_measure` took in a training, until it is adopted
    _trained_into: Path | None = learned()  # the run folder that holds the checkpoints of the last `fit`
    _loaded_weights: str = learned()  # digest of a loaded run's weights: its results are theirs

    # what each estimator fills in

    @abstractmethod
    def _prepare(self, *fit_arguments: Any, **fit_keywords: Any) -> Data:
        """Check the settings and read what `fit` is given, up to the batches; the estimator stays as it is."""

    @abstractmethod
    def _default_network(self, data: Data) -> Any:
        """Build the network of the settings, of stock Keras layers."""

    @abstractmethod
    def _size(self, data: Data) -> tuple[int, str]:
        """Return about how many weights that network has, and the settings that they come from, in words."""

    @abstractmethod
    def evaluate(self, *data: Any, **columns: Any) -> Compared:
        """Score the model beside its baselines, on the same samples; without arguments on what was held back."""

    @abstractmethod
    def _held_back(self) -> tuple[Any, ...]:
        """Return what was held back to score the model, as `_compare` takes it.

        Raises:
            DataError: nothing was held back, or it is not at hand.
        """

    @abstractmethod
    def _compare(self, *samples: Any, **keywords: Any) -> Compared:
        """Compare the model with its baselines."""

    @abstractmethod
    def _save_parts(self, folder: Path) -> dict[str, Any]:
        """Write the files of the parts; return their share of the manifest, as JSON."""

    @abstractmethod
    def _load_parts(self, folder: Path, saved: dict[str, Any]) -> None:
        """Undo `_save_parts`."""

    def _report(self, comparison: Compared | None) -> dict[str, Any]:
        """Return what the report says beside or in place of what `write_report` says of every estimator: arguments of
        `seqwise.evaluation.report.render_report`."""
        return {}

    def _write_more_results(self, folder: Path, comparison: Compared | None) -> None:
        """Write the files of `result_files` beside the scores and the report."""

    @classmethod
    def _part_files(cls, saved: dict[str, Any]) -> tuple[str, ...]:
        """Return the names of the files that `_load_parts` reads."""
        return ()

    def _schedule(self, data: Data, train: Batches[Any]) -> Schedule:
        size = auto_batch_size(len(train)) if self.batch_size == "auto" else int(self.batch_size)
        return Schedule(min(size, len(train)), self.epochs, self.learning_rate)

    def _patience(self, epochs: int) -> int | None:
        return self.patience

    def _watched(self, data: Data) -> str | None:
        """Return the loss by which the best epoch is found, as `seqwise.training.fit` takes it."""
        return None

    def _measure(self, data: Data, model: Any, validation: Batches[Any]) -> Any:
        """Return what is to be known of the errors in validation, of the model that was not trained on it."""

    def _training_batches(self, data: Data) -> TrainingBatches:
        return TrainingBatches(data.batches("train"), data.batches("validation"))

    # training

    def _fit(
        self,
        data: Data,
        callbacks: Sequence[Any] = (),
        verbose: bool | None = None,
        resume: str | Path | None = None,
    ) -> Self:
        """Train on prepared data: the one way in which every estimator is fitted."""
        with TRAINING_LOCK:
            check_process()
            check_backend(import_keras())
            if resume is None:
                return self._fit_alone(data, callbacks, verbose, None)
            run = Path(resume).resolve()
            with training_into(run) as folder:
                self._fit_alone(data, callbacks, verbose, folder)
            self._trained_into = run
            return self

    def _fit_alone(
        self, data: Data, callbacks: Sequence[Any], verbose: bool | None, folder: Path | None = None
    ) -> Self:
        network, training = self._train(data, callbacks, verbose, folder)
        self._adopt(data, data.target.finished_model(network), training)
        return self

    def _train(
        self, data: Data, callbacks: Sequence[Any], verbose: bool | None, folder: Path | None
    ) -> tuple[Any, Training]:
        """Build the network and train it, with checkpoints in `folder` unless it is None.

        Returns:
            the network, without an activation of its outputs, and what the training did.
        """
        return self._train_network(data, callbacks, verbose, folder)

    def _title(self, data: Data) -> str:
        """Return what stands before the progress bar."""
        return "training"

    def _train_network(
        self, data: Data, callbacks: Sequence[Any], verbose: bool | None, folder: Path | None, number: int = 1
    ) -> tuple[Any, Training]:
        """Do what `_train` does, for one of several networks.

        Args:
            number: the network's, from 1; each has a checkpoint of its own.
        """
        keras = import_keras()
        self._measured = None
        train, validation, refit = self._training_batches(data)
        schedule = self._schedule(data, train)
        optimizer = make_optimizer(keras, self.optimizer, schedule.rate)
        loss = data.target.loss()
        network = self._build_network(data)
        model = data.target.trained_model(network)
        # jit_compile is left to Keras, which knows what each backend can do
        model.compile(optimizer, loss, weighted_metrics=data.target.metrics())
        checkpoints = None
        if folder is not None:
            settings = {"estimator": own_class(self).__name__} | plain_settings(self, own_class(self))
            settings |= {"seqwise": __version__, "backend": keras.backend.backend()}
            checkpoints = Checkpoints(folder, settings, digest_of((train, validation, refit)), number)

        def measure() -> None:
            self._measured = self._measure(data, model, validation)

        training = fit(
            model,
            train,
            validation if len(validation) else None,
            epochs=schedule.epochs,
            batch_size=schedule.batch_size,
            patience=self._patience(schedule.epochs),
            seed=self.seed,
            watched=self._watched(data),
            refit=refit if len(validation) else None,
            warm=schedule.warm,
            on_best=measure if len(validation) else None,
            checkpoints=checkpoints,
            callbacks=callbacks,
            verbose=verbose,
            title=self._title(data),
        )
        if isinstance(schedule.rate, keras.optimizers.schedules.CosineDecay):  # it has fallen to 0
            rate = schedule.rate.initial_learning_rate
            model.compile(make_optimizer(keras, self.optimizer, rate), loss, weighted_metrics=data.target.metrics())
            model.optimizer.build(model.trainable_variables)
        return network, training

    def tune(
        self,
        *fit_arguments: Any,
        trials: int = 20,
        space: dict[str, Any] | None = None,
        study: Any = None,
        **fit_keywords: Any,
    ) -> Any:
        """Search settings with Optuna, and set the best ones; `fit` then trains with them.

        Args: as for `fit`.
            trials: trainings, each scored by its smallest validation loss; hopeless ones are stopped early.
            space: by the setting's name a list of values, or a pair of the least and the greatest number. None searches
                the learning rate, dropout and units.
            study: an Optuna study of your own, with its storage, sampler and pruner; one that has trials goes on.

        Returns:
            the study, for Optuna's plots.

        Raises:
            SettingError: Optuna is not installed, or the space does not fit the estimator.
        """
        from seqwise.estimators.tuning import search

        return search(self, fit_arguments, fit_keywords, trials, space, study)

    def _adopt(self, data: Data, model: Any, training: Training) -> None:
        """Take over what a training learned, all at once, so that a fit that fails leaves an earlier one whole."""
        summary = str(data.summary())
        self.model_, self.input_, self.target_, self.training_ = model, data.input, data.target, training
        self.notes_, self.summary_, self.data_ = data.notes + training.warnings(), summary, data.path
        self._data = replace(cast(Any, data))  # without the arrays that it has computed
        self.results_ = self._scored = self._trained_into = self._measured = None

    def _build_network(self, data: Data) -> Any:
        from seqwise.layers import accelerate  # imports Keras

        if self.network is None:
            check_memory(*self._size(data))
            network = self._default_network(data)
        else:
            with seeded_draws(self.seed):
                network = build_checked(self.network, data.input.describe(), data.target.describe())
        return accelerate(network, verbose=False)

    def training_data(self, *fit_arguments: Any, **fit_keywords: Any) -> TrainingData | None:
        """Return what `fit` would train on with these arguments, without training; the estimator stays as it is.

        The data are read, split, scaled and cut by the same code as in `fit`.

        Args: as for `fit`; `callbacks`, `verbose` and `resume` are ignored. Without any, what the last `fit` trained
            on.

        Returns:
            None for a loaded run, which keeps no training data.

        Raises:
            DataError, SettingError: as `fit` does.
            NotFittedError: there are no arguments, and it is not trained yet.
        """
        if fit_arguments or fit_keywords:
            data = self._prepare(
                *fit_arguments, **{name: value for name, value in fit_keywords.items() if name not in FIT_ONLY}
            )
            model = data.target.finished_model(self._build_network(data))
        else:
            self._check_fitted()
            if self._data is None:
                return None
            data, model = self._data, self.model_
        return drawn_data(data, model)

    def shapes(self, *fit_arguments: Any, **fit_keywords: Any) -> tuple[Shapes, list[str]]:
        """Say what the tensors will be, without training, and what was found and repaired in the data.

        Args: as for `fit`.

        Returns:
            the summary, whose ``str()`` says the shapes in words, and the notes, one sentence each.
        """
        data = self._prepare(*fit_arguments, **fit_keywords)
        return data.summary(), data.notes

    # figures

    def _score_held_back(self, *settings: Any) -> Compared:
        """Return the comparison on what was held back, made anew where the model or its weights have changed.

        Args:
            settings: what else it depends on.
        """
        self._check_fitted()
        held_back, last = self._held_back(), self._scored
        if last is None or last.settings != settings or not last.holds_for(self.model_):
            weights = weights_digest(self.model_)
            last = self._scored = Scored(self.model_, weights, settings, self._compare(*held_back))
        return last.comparison

    @property
    def comparison_(self) -> Compared | None:
        """The comparison on what was held back, if it was made and holds for the weights that are there now."""
        last: Scored | None = getattr(self, "_scored", None)
        return last.comparison if last is not None and last.holds_for(self.model_) else None

    # the run folder

    def save(self, path: str | Path) -> Path:
        """Write the run folder: the model, what it knows of its data, figures and report. Returns its path.

        The run of a class of your own that comes from one of Seqwise's is brought back as Seqwise's.

        The checkpoints of a finished training that lie there (`fit(…, resume=path)`) are removed.

        Raises:
            BundleError: the folder exists, is not empty and is not a Seqwise run; or a setting cannot be saved.
        """
        self._check_fitted()
        folder = as_path(path, "a folder")
        return save_run(
            folder,
            own_class(self).__name__,
            self._write,
            self._write_own_results,
            self.result_files,
            trained=self._trained_into is not None
            and self._trained_into == folder.resolve()
            and not self.training_.interrupted,
        )

    def _write(self, folder: Path) -> dict[str, Any]:
        content = {
            "settings": plain_settings(self, own_class(self)),
            "training": self.training_.__dict__,
            "input": self.input_.save(folder),
            "target": self.target_.save(),
            "notes": self.notes_,
            "summary": self.summary_,
            "path": self.data_,
        }
        model = self._model_to_save()
        content["network"] = tensors_of(model)
        with PREDICTING_LOCK:
            save_model(model, folder / MODEL)
            if has_graph(model):  # not of a subclassed model, whose layers say nothing of its calls
                save_network(describe_network(model), folder)
        content |= self._save_parts(folder)
        if self.results_ is not None:
            self._copy_results(folder, self.results_)
        return content

    def _model_to_save(self) -> Any:
        return self.model_

    def _write_own_results(self, folder: Path) -> None:
        if self.results_ is not None:
            return
        try:
            comparison = self.evaluate()
        except DataError:  # nothing was held back
            comparison = None
        results: dict[str, Any] = {"test": None, "baselines": {}} if comparison is None else comparison.to_dict()
        write_json(folder / METRICS, results | {"seconds": round(self.training_.seconds, 3)})
        self._write_more_results(folder, comparison)
        self.write_report(comparison, folder / REPORT)

    def write_report(self, comparison: Compared | None, path: str | Path) -> None:
        """Write the report to `path`, as one HTML file.

        Args:
            comparison: what `evaluate` returned, on the samples that it is to be judged by; None where nothing was
                held back.
        """
        content = {
            "title": f"{own_class(self).__name__} of {file_name(self.data_)}",
            "data": f"The model was trained on {self.data_ or 'data in memory'}.",
            "summary": self.summary_,
            "notes": self.notes_,
            "settings": plain_settings(self, own_class(self)),
            "comparison": comparison,
            "training": self.training_,
            "loss": self.target_.loss_in_words,
        }
        write_report(path, **content | self._report(comparison))

    def _copy_results(self, folder: Path, texts: dict[str, str]) -> None:
        """Write the results that a loaded run came with, if its weights are still those that gave them."""
        if weights_digest(self.model_) == self._loaded_weights:
            for name, text in texts.items():
                (folder / name).write_text(text, encoding="utf-8")
        else:
            warnings.warn(
                "The weights have changed since the run was loaded, and a loaded run keeps no data to score them on: "
                "it is saved without figures and report.",
                stacklevel=5,
            )

    @classmethod
    def _input_type(cls, saved: dict[str, Any]) -> type[Input]:
        return {input_type.kind: input_type for input_type in cls.input_types}[saved["input"]["kind"]]

    @classmethod
    def _target_type(cls, saved: dict[str, Any]) -> type[Target]:
        return cls.target_type

    @classmethod
    def needed_files(cls, saved: dict[str, Any]) -> tuple[str, ...]:
        """Return the names of the files that a run cannot do without.

        Args:
            saved: its manifest.
        """
        return MODEL, *cls._input_type(saved).files(), *cls._part_files(saved)

    @classmethod
    def from_run(cls, folder: Path, saved: dict[str, Any], settings: dict[str, Any]) -> Self:
        """Make a saved estimator again, from its settings and the rest of the manifest."""
        with TRAINING_LOCK:
            check_process()
            return cls._from_run(folder, saved, settings)

    @classmethod
    def _from_run(cls, folder: Path, saved: dict[str, Any], settings: dict[str, Any]) -> Self:
        loaded = cls(**settings)
        check_settings(loaded)
        loaded.model_ = load_model(folder / MODEL, compiled=cls.loads_compiled, tensors=saved["network"])
        loaded.training_ = Training(**saved["training"])
        loaded.input_ = cls._input_type(saved).load(folder, saved["input"])
        loaded.target_ = cls._target_type(saved).load(saved["target"], loaded.input_)
        loaded.notes_, loaded.summary_, loaded.data_ = list(saved["notes"]), str(saved["summary"]), saved["path"]
        loaded._data = loaded._scored = loaded._trained_into = None
        loaded._load_parts(folder, saved)
        loaded._loaded_weights = weights_digest(loaded.model_)
        loaded.results_ = result_texts(folder, cls.result_files, saved["files"])
        return loaded

    def _check_fitted(self) -> None:
        if not hasattr(self, "model_"):
            raise UnfittedError(f"This {type(self).__name__} is not trained yet: call {self.fit_call} first.")

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(cast(Any, super()).__getstate__())
        if "model_" in state:
            scored = state.get("_scored")  # it names the model again
            state["_scored"] = None if scored is None else scored._replace(model=None)
            state["model_"] = PickledModel(state["model_"])
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if isinstance(state.get("model_"), PickledModel):
            state = state | {"model_": state["model_"].model}
            if state.get("_scored") is not None:
                state["_scored"] = state["_scored"]._replace(model=state["model_"])
        cast(Any, super()).__setstate__(state)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")


def own_class(estimator: Estimator[Any, Any, Any]) -> type[Estimator[Any, Any, Any]]:
    """Return Seqwise's own class that an estimator is, or comes from."""
    return next(c for c in type(estimator).__mro__ if c.__module__.startswith("seqwise."))
