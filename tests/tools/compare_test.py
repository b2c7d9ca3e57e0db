"""tools/compare: programs that fail or hang, ratios counted by hand; where PyTorch, Keras or JAX is
installed, that their layers and gradients are those of the network."""
import contextlib
import importlib.util
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "tools" / "compare"
sys.path.insert(0, str(FOLDER))
import compare  # noqa: E402
from contenders import Contender, contenders  # noqa: E402

WORKER = """
import json, os, sys, time
behaviour, ms = sys.argv[1], float(sys.argv[2])
if behaviour == "refuses":
    print("failed OutOfMemoryError: CUDA out of memory", flush=True)
    sys.exit(1)
if behaviour == "hangs":
    time.sleep(600)
if behaviour == "crashes":
    print("a warning", file=sys.stderr)
    sys.exit("cannot load libcudart")
print("ready stand-in 1.0", flush=True)
for count, line in enumerate(sys.stdin):
    if behaviour == "dies" and count == 3:  # after its start, the warm-up and one turn
        os.kill(os.getpid(), 9)
    print(json.dumps([ms] * int(line)), flush=True)
"""


def stand_in(framework, behaviour, ms, precision="fp32"):
    return Contender(framework, behaviour, precision,
                     [sys.executable, "-c", WORKER, behaviour, str(ms)])


def run(found, *arguments, installed=lambda framework: True):
    """compare.main's status, JSON, table and what it printed."""
    with tempfile.TemporaryDirectory() as out, contextlib.redirect_stdout(io.StringIO()) as said, \
            mock.patch.object(compare, "contenders", lambda preset, args: found), \
            mock.patch.object(compare, "installed", installed), \
            mock.patch.object(compare, "PAUSE_SECONDS", 0), \
            mock.patch.object(compare, "plot", side_effect=ImportError("no matplotlib")):
        status = compare.main(["--train-step", "none", "--preset", "dcgan", "--turns", "2",
                               "--seconds", "0.01", "--out", out, *arguments])
        result = json.loads((pathlib.Path(out) / "frameworks.json").read_text())
        text = (pathlib.Path(out) / "frameworks.md").read_text()
    return status, result, text, said.getvalue()


class Table(unittest.TestCase):
    FOUND = [stand_in("dcgan_cuda", "trains", 2), stand_in("torch", "trains", 8),
             stand_in("torch", "trains", 6), stand_in("torch", "trains", 3, "tf32"),
             stand_in("jax", "trains", 5, "bf16")]

    def test_ratios_are_to_the_fastest_peer_of_the_same_precision_and_of_all(self):
        status, result, text, _ = run(self.FOUND)
        self.assertEqual(status, 0)
        (ours,) = result["summary"]
        self.assertEqual((ours["same_precision"]["median_ms"], ours["same_precision"]["ratio"]), (6, 3))
        self.assertEqual((ours["any_precision"]["median_ms"], ours["any_precision"]["ratio"]), (3, 1.5))
        cells = [line.split("|")[-3:-1] for line in text.splitlines()[2:]]
        self.assertEqual([[cell.strip() for cell in pair] for pair in cells],
                         [["3.00", "1.50"], ["0.75", "0.38"], ["1.00", "0.50"], ["1.00", "1.00"],
                          ["1.00", "0.60"]])

    def test_a_line_for_each_preset_says_who_is_best(self):
        self.assertIn("best: dcgan 2.00 ms (dcgan_cuda trains, fp32); fp32: 6.00 (PyTorch trains), ratio 3.00; "
                      "any: 3.00 (PyTorch trains), ratio 1.50", run(self.FOUND)[3])

    def test_json_says_what_was_measured_where(self):
        _, result, _, _ = run(self.FOUND, "--commit", "abc123")
        self.assertEqual(result["commit"], "abc123")
        self.assertRegex(result["date"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        for key in ("card", "driver", "processor", "cores", "batch"):
            self.assertIn(key, result)
        row = result["rows"][1]
        self.assertEqual((row["version"], row["median_ms"], row["minimum_ms"]), ("stand-in 1.0", 8, 8))
        self.assertEqual(row["times_ms"], [8] * 8)  # two turns of four

    def test_three_products_on_tensor_cores_are_held_against_fp32(self):
        _, result, _, said = run([stand_in("dcgan_cuda", "trains", 2, "tf32x3"), *self.FOUND[1:]])
        self.assertEqual(result["summary"][0]["same_precision"]["ratio"], 3)
        self.assertIn("(dcgan_cuda trains, tf32x3); fp32: 6.00", said)

    def test_without_matplotlib_one_line_says_that_there_is_no_plot(self):
        self.assertIn("no plot: no matplotlib", run(self.FOUND)[3])


class Failures(unittest.TestCase):
    def test_one_that_fails_is_in_the_table_with_its_reason_and_the_rest_is_timed(self):
        found = [stand_in("dcgan_cuda", "trains", 2), stand_in("torch", "refuses", 1),
                 stand_in("torch", "crashes", 1), stand_in("torch", "dies", 1),
                 stand_in("torch", "trains", 4)]
        status, result, text, _ = run(found)
        self.assertEqual(status, 0)
        rows = result["rows"]
        self.assertEqual([row.get("failed") for row in rows],
                         [None, "OutOfMemoryError: CUDA out of memory",
                          "cannot load libcudart (ended with status 1)", "ended by signal 9", None])
        self.assertIn("not measured: OutOfMemoryError: CUDA out of memory", text)
        self.assertIn("1.00 (1.00), then failed: ended by signal 9", text)
        self.assertEqual(rows[4]["times_ms"], [4] * 8)

    def test_one_that_hangs_is_given_up(self):
        found = [stand_in("torch", "hangs", 1), stand_in("dcgan_cuda", "trains", 2)]
        status, result, _, _ = run(found, "--limit", "2")
        self.assertEqual(status, 0)
        self.assertEqual(result["rows"][0]["failed"], "no answer within 2 s")
        self.assertEqual(result["rows"][1]["median_ms"], 2)
        self.assertIsNone(result["summary"][0]["same_precision"])

    def test_a_limit_for_all_leaves_time_to_those_after_one_that_hangs(self):
        found = [stand_in("torch", "hangs", 1), stand_in("dcgan_cuda", "trains", 2)]
        _, result, _, _ = run(found, "--seconds-in-all", "12")
        self.assertRegex(result["rows"][0]["failed"], "no answer within [34] s")
        self.assertEqual(result["rows"][1]["median_ms"], 2)

    def test_a_limit_for_all_shortens_the_turns_of_many_programs(self):
        found = [stand_in("dcgan_cuda", "trains", 2)] + [stand_in("torch", "trains", 4)] * 9
        _, result, _, _ = run(found, "--seconds-in-all", "10", "--seconds", "2")
        for row in result["rows"]:  # twenty turns in ten seconds
            self.assertNotIn("failed", row)
            self.assertLess(len(row["times_ms"]) * row["median_ms"] * 1e-3 / 2, 0.5)

    def test_what_was_measured_is_written_before_the_end(self):
        written = []
        write = compare.Comparison.write

        def spy(comparison):
            write(comparison)
            rows = json.loads(pathlib.Path(comparison.args.json).read_text())["rows"]
            written.append(sum("median_ms" in row for row in rows))

        with mock.patch.object(compare.Comparison, "write", spy):
            run(Table.FOUND)
        self.assertEqual(sorted(set(written)), [0, 1, 2, 3, 4, 5])

    def test_a_train_step_that_is_missing_is_an_error(self):
        status, result, _, _ = run([Contender("dcgan_cuda", "cpu", "fp32", ["./no_train_step"])])
        self.assertEqual(status, 1)
        self.assertIn("no_train_step", result["rows"][0]["failed"])

    def test_a_framework_that_is_missing_is_one_line(self):
        _, _, _, said = run(Table.FOUND, installed=lambda framework: framework == "torch")
        self.assertEqual(sum("tensorflow is not installed" in line for line in said.splitlines()), 1)


class Ways(unittest.TestCase):
    def ways(self, gpu, **more):
        args = mock.Mock(gpu=gpu, backend=["cuda"], precision=["fp32"], threads=0, train_step="train_step",
                         frameworks=["torch", "tensorflow", "jax"], notebook=False)
        args.configure_mock(**more)
        return contenders("dcgan", args)

    def test_every_way_of_pytorch_has_every_precision_on_a_gpu(self):
        found = {(c.way, c.precision) for c in self.ways(True) if c.framework == "torch"}
        for way in ("eager", "compiled", "graph", "compiled-graph"):
            for precision in ("fp32", "tf32", "bf16"):
                self.assertIn((way, precision), found)

    def test_our_tensor_cores_are_beside_ours_in_fp32_but_never_the_processors(self):
        found = self.ways(True, backend=["cpu", "cuda"], precision=["fp32", "tf32x3"], frameworks=[])
        self.assertEqual([(c.way, c.precision) for c in found], [("cpu", "fp32"), ("cuda", "fp32"), ("cuda", "tf32x3")])
        self.assertEqual(found[2].command[-2:], ["--precision", "tf32x3"])

    def test_frameworks_left_out_start_no_process(self):
        found = {c.framework for c in self.ways(True, frameworks=["torch"])}
        self.assertEqual(found, {"dcgan_cuda", "torch"})


def needs(module):
    there = importlib.util.find_spec(module) is not None
    return unittest.skipUnless(there, f"{module} is not installed")


@needs("torch")
class PyTorch(unittest.TestCase):
    def test_layers_are_keras_s_in_a_mirror(self):
        import torch
        from torch.nn import functional as F
        import torch_worker

        torch.manual_seed(1)
        flip = lambda t: t.flip(2, 3)
        for stride, size in ((1, 7), (2, 7), (2, 14)):
            layer = torch_worker.conv_transpose(3, 4, stride).double()
            x = torch.randn(2, 3, size, size, dtype=torch.double)
            whole = F.conv_transpose2d(x, layer.weight, stride=stride)
            front = 1 if stride == 2 else 2
            wanted = whole[:, :, front:-2, front:-2]  # as Keras cuts it
            layer.weight.data = flip(layer.weight.data)
            torch.testing.assert_close(flip(layer(flip(x))), wanted)
        layer = torch_worker.conv(3, 4).double()
        x = torch.randn(2, 3, 28, 28, dtype=torch.double)
        wanted = F.conv2d(F.pad(x, (1, 2, 1, 2)), layer.weight, layer.bias, stride=2)
        layer.weight.data = flip(layer.weight.data)
        torch.testing.assert_close(flip(layer(flip(x))), wanted)

    def test_one_pass_has_the_gradients_of_both_losses(self):
        import torch
        import torch_worker

        for preset, layout in (("vanilla", "channels-first"), ("dcgan", "channels-first"),
                               ("dcgan", "channels-last")):
            torch.manual_seed(1)
            training = torch_worker.Training(preset, torch.device("cpu"), layout=layout)
            for module in training.d.modules():
                if isinstance(module, torch.nn.Dropout):
                    module.p = 0  # two passes would draw two masks
            real, fake = training.batch()
            real, noise = real[:8], torch.randn(8, 100)
            with mock.patch.object(torch_worker, "BATCH", 8), \
                    mock.patch.object(training, "batch", lambda: (real, training.g(noise))):
                loss_g, loss_d, of_g, of_d = training.gradients()
            bce = torch_worker.bce
            fake = training.g(noise)
            want_d = bce(training.d(real), 1) + bce(training.d(fake), 0)
            want_g = bce(training.d(fake), 1)
            torch.testing.assert_close(loss_g, want_g.detach())
            torch.testing.assert_close(loss_d, want_d.detach())
            for model, loss, gradients in ((training.g, want_g, of_g), (training.d, want_d, of_d)):
                for want, got in zip(torch.autograd.grad(loss, list(model.parameters()),
                                                         retain_graph=True), gradients):
                    bound = 1e-5 * want.abs().max().item() + 1e-7
                    torch.testing.assert_close(got, want, rtol=1e-3, atol=bound)

    def test_the_worker_answers_as_the_protocol_says(self):
        said = subprocess.run([sys.executable, FOLDER / "torch_worker.py", "--preset", "vanilla",
                               "--way", "eager", "--threads", "1"], input="0\n3\n", text=True,
                              capture_output=True, timeout=300).stdout.splitlines()
        self.assertTrue(said[0].startswith("ready PyTorch "), said)
        self.assertEqual([len(json.loads(line)) for line in said[1:]], [0, 3])


@needs("torch")
@needs("keras")
@needs("jax")
class Keras(unittest.TestCase):
    def test_pytorch_s_layers_are_keras_s_in_a_mirror(self):
        os.environ["KERAS_BACKEND"] = "jax"  # TensorFlow and PyTorch cannot share a process
        import keras
        import torch
        import torch_worker

        torch.manual_seed(1)
        flip = lambda t: t.flip(2, 3)

        def same(layer, theirs, kernel, size):  # kernel as Keras has it
            x = torch.randn(2, size, size, 3)
            theirs.build(x.shape)
            theirs.set_weights([kernel.numpy()])
            layer.weight.data = flip(kernel.permute(3, 2, 0, 1)).contiguous()
            ours = flip(layer(flip(x.permute(0, 3, 1, 2)))).permute(0, 2, 3, 1)
            wanted = torch.from_numpy(keras.ops.convert_to_numpy(theirs(x.numpy())))
            torch.testing.assert_close(ours, wanted, rtol=1e-4, atol=1e-4)

        more = {"padding": "same", "use_bias": False}
        for stride, size in ((1, 7), (2, 7), (2, 14)):
            same(torch_worker.conv_transpose(3, 4, stride),
                 keras.layers.Conv2DTranspose(4, 5, stride, **more), torch.randn(5, 5, 4, 3), size)
        conv = torch_worker.conv(3, 4)
        conv.bias.data.zero_()
        same(conv, keras.layers.Conv2D(4, 5, 2, **more), torch.randn(5, 5, 3, 4), 28)


@needs("jax")
class Jax(unittest.TestCase):
    def test_transposed_convolution_is_the_adjoint_of_a_same_convolution(self):
        import jax
        import jax.numpy as jnp
        from jax import lax
        import jax_worker

        for stride, size in ((1, 7), (2, 7), (2, 14)):
            x = jax.random.normal(jax.random.PRNGKey(1), (2, size, size, 3))
            kernel = jax.random.normal(jax.random.PRNGKey(2), (5, 5, 3, 4))
            flipped = jnp.flip(jnp.swapaxes(kernel, 2, 3), (0, 1))
            conv = lambda y: lax.conv_general_dilated(y, flipped, (stride, stride), "SAME",
                                                      dimension_numbers=jax_worker.LAYOUT)
            _, pull = jax.vjp(conv, jnp.zeros((2, size * stride, size * stride, 4)))
            got = jax_worker.conv_transpose(x, kernel, stride)
            self.assertLess(float(jnp.abs(got - pull(x)[0]).max()), 1e-4)


if __name__ == "__main__":
    unittest.main()
