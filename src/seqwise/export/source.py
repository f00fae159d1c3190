"""What is exported: the Keras models of a model, a file, an estimator or a run folder, and their plain description."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from seqwise.artifact import Network, describe_network, first_line
from seqwise.artifact.models import load_keras
from seqwise.backend import import_keras
from seqwise.data.files import existing_file, nearest_file
from seqwise.errors import BundleError
from seqwise.estimators.base import Estimator
from seqwise.estimators.runs import load
from seqwise.estimators.translation.network import inference_models
from seqwise.estimators.translation.translator import Translator

if TYPE_CHECKING:
    import keras

MODEL, ENCODER, STEP = "model", "encoder", "decoder_step"  # the parts


class Part(NamedTuple):
    """One network of what is exported.

    Attributes:
        model: the Keras model. network: its plain description.
    """

    model: keras.Model
    network: Network


class Source(NamedTuple):
    """What is exported.

    Attributes:
        parts: the networks by their names: ``{"model": …}``, for a Translator ``{"encoder": …, "decoder_step": …}``.
        estimator: the trained estimator that they come from; None for a Keras model.
    """

    parts: dict[str, Part]
    estimator: Estimator[Any, Any, Any] | None


def read_source(source: Any) -> Source:
    """Take what a user exports apart into its networks.

    Args:
        source: a built Keras model (Sequential or functional), a trained estimator, the path of a ``.keras`` file or of
            a run folder.

    Raises:
        BundleError: it is none of these, cannot be read, or is a model whose calls are Python code.
        NotFittedError: the estimator is not trained yet.
    """
    if isinstance(source, (str, Path)):
        path = Path(source)
        source = load(path) if path.is_dir() else _read_keras_file(path)
    keras = import_keras()
    if isinstance(source, Estimator):
        source._check_fitted()
        return Source(_parts(_models_of(source)), source)
    if not isinstance(source, keras.Model):
        raise BundleError(
            f"{type(source).__name__} cannot be exported: give a Keras model, a trained estimator, or the path of a "
            ".keras file or a run folder."
        )
    return Source(_parts({MODEL: source}), None)


def _models_of(estimator: Estimator[Any, Any, Any]) -> dict[str, keras.Model]:
    models = inference_models(estimator.model_) if isinstance(estimator, Translator) else None
    if models is not None:  # None: a network of the user's own, which is run as a whole
        return {ENCODER: models.encoder, STEP: models.step}
    return {MODEL: estimator.model_}


def _parts(models: dict[str, keras.Model]) -> dict[str, Part]:
    return {name: Part(model, describe_network(model)) for name, model in models.items()}


def _read_keras_file(path: Path) -> keras.Model:
    if path.exists():
        existing_file(path, "model")  # not a pipe, which is waited for
    else:
        raise BundleError(f"There is no model {str(path)!r}.{nearest_file(path)} Save one: model.save('model.keras').")
    if not zipfile.is_zipfile(path):
        raise BundleError(
            f"{path.name} is not a Keras model: it is not a zip archive. Save one: model.save('m.keras')."
        )
    import_keras()
    from seqwise.layers import register_layers

    register_layers()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that an optimizer was saved before its first step
            return load_keras(path, compiled=True)
    except BundleError:
        raise
    except Exception as error:  # whatever a damaged or foreign file makes Keras raise
        raise BundleError(f"{path.name} cannot be read as a Keras model: {first_line(error)}") from error
