"""The tiny prompt classifier as a model of MLServer."""

from pathlib import Path

import onnxruntime
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse

GRAPH = Path(__file__).parents[2] / "fixtures" / "prompt" / "model.onnx"


class Graph(MLModel):
    async def load(self) -> bool:
        self.session = onnxruntime.InferenceSession(GRAPH)
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        feed = {tensor.name: NumpyCodec.decode_input(tensor) for tensor in payload.inputs}
        names = [tensor.name for tensor in payload.outputs or []] or None
        answers = self.session.run(names, feed)
        names = names or [tensor.name for tensor in self.session.get_outputs()]
        outputs = [NumpyCodec.encode_output(name, answer) for name, answer in zip(names, answers)]
        return InferenceResponse(model_name=self.name, model_version=self.version, outputs=outputs)
