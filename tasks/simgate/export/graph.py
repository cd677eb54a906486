"""Graph: a network as ONNX bytes, the same ones whenever and wherever they are made."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import onnx
import torch
from onnx import ModelProto
from torch import nn

from simgate.core.errors import InputError
from simgate.families.base_contract import METADATA_KEY, Contract

MAX_OPSET = 20
"""Newest that the tracing exporter writes."""


def onnx_bytes(network: nn.Module, contract: Contract, opset: int) -> bytes:
    """Export with named tensors, a dynamic batch axis and the contract in the metadata."""
    if opset > MAX_OPSET:
        raise InputError("field opset: not supported yet", actual=opset, expected=f"at most {MAX_OPSET}")
    model = onnx.load_from_string(_trace(network, contract, opset))
    _strip(model)
    model.metadata_props.add(key=METADATA_KEY, value=contract.to_json().decode())
    onnx.checker.check_model(model, full_check=True)
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def _trace(network: nn.Module, contract: Contract, opset: int) -> bytes:
    inputs = tuple(torch.zeros(2, *tensor.shape) for tensor in contract.inputs)
    names = [[tensor.name for tensor in side] for side in (contract.inputs, contract.outputs)]
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        file = Path(folder) / "model.onnx"
        # The tracing exporter is announced as legacy. It takes 0.5 s where the new one takes 10 s in a new process, and
        # its file holds no source paths and stack traces.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.eval(),
            inputs,
            file,
            dynamo=False,
            opset_version=opset,
            input_names=names[0],
            output_names=names[1],
            dynamic_axes={name: {0: "batch"} for side in names for name in side},
        )
        return file.read_bytes()


def _strip(model: ModelProto) -> None:
    """Remove all notes on where and by whom the graph was made, and none of its computation."""
    model.doc_string = ""
    model.graph.name = "simgate"
    del model.metadata_props[:]
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
