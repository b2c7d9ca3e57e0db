"""tools/mutate: what is known and reported about mutants, and their verdicts on a toy project."""
import fnmatch
import pathlib
import re
import shutil
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "mutate"))
import arguments  # noqa: E402
import judge  # noqa: E402
import report  # noqa: E402
import results  # noqa: E402
import sandbox  # noqa: E402
import targets  # noqa: E402
from mutants import Mutant  # noqa: E402


def made_up(number, file="kernels/x.cu"):
    return Mutant(f"{number:08x}", file, number, "index", 0, 1, "", f"a{number};", f"b{number};")


class Results(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / "file"

    def test_arguments_are_read_and_written(self):
        self.path.write_text("# why\n\nkernels/x.cu A::f #2: a@ b ==> c@; // as   c | d\nkernels/x.cu: @*@ e // g\n")
        one, two = arguments.read_arguments(self.path)
        self.assertEqual((one.file, one.quote.function, one.number, one.quote.change, one.reason),
                         ("kernels/x.cu", "A::f", 2, (" b", "c"), "as   c | d"))
        self.assertEqual(str(one), "kernels/x.cu A::f #2: a@ b ==> c@; // as   c | d")
        self.assertEqual((two.quote.function, two.quote.change, two.quote.right), ("", None, " e"))
        for wrong in ("kernels/x.cu: a ==> b // c", "kernels/x.cu: @a ==> b@", "@a ==> b@ // c"):
            self.path.write_text(wrong + "\n")
            with self.assertRaisesRegex(ValueError, "file:1: expected FILE FUNCTION"):
                arguments.read_arguments(self.path)

    def test_kills_outlast_a_new_suite_and_survivors_do_not(self):
        state = results.State(self.path, lambda _: "suite 1", 3)
        for number, outcome in enumerate(("killed", "survived", "stillborn")):
            state.add(made_up(number), "text", outcome, "", 1, 3)
        state.file.write('{"id": "cut o')
        state.file.close()
        again = results.State(self.path, lambda _: "suite 1", 3)
        self.assertEqual(again.of(made_up(1), "text")["outcome"], "survived")
        grown = results.State(self.path, lambda _: "suite 2", 3)
        self.addCleanup(again.file.close)
        self.addCleanup(grown.file.close)
        self.assertEqual(grown.of(made_up(0), "text")["outcome"], "killed")
        self.assertIsNone(grown.of(made_up(0), "other text"))
        self.assertIsNone(grown.of(made_up(1), "text"))
        self.assertEqual(grown.of(made_up(2), "text")["outcome"], "stillborn")

    def test_a_survivor_of_the_first_phases_continues_from_there(self):
        state = results.State(self.path, lambda _: "suite", 1)
        state.add(made_up(1), "text", "survived", "", 1, 1)
        state.add(made_up(2), "text", "killed", "", 1, 1)
        state.file.close()
        self.assertEqual(state.of(made_up(1), "text")["outcome"], "survived")
        whole = results.State(self.path, lambda _: "suite", 3)
        changed = results.State(self.path, lambda _: "other suite", 3)
        self.addCleanup(whole.file.close)
        self.addCleanup(changed.file.close)
        self.assertIsNone(whole.of(made_up(1), "text"))
        self.assertEqual(whole.of(made_up(2), "text")["outcome"], "killed")
        self.assertEqual((whole.passed(made_up(1), "text"), whole.passed(made_up(2), "text"),
                          whole.passed(made_up(3), "text"), changed.passed(made_up(1), "text")), (1, 0, 0, 0))

    def test_samples_are_drawn_by_the_seed_and_nest(self):
        mutants = [made_up(i) for i in range(100)]
        few, many = results.sample(mutants, 5, 1), results.sample(mutants[::-1], 20, 1)
        self.assertEqual(few, many[:5])
        self.assertNotEqual(few, results.sample(mutants, 5, 2))
        self.assertEqual(len(results.sample(mutants, 0, 1)), 100)

    def test_the_report_counts_each_outcome(self):
        mutants = [made_up(i) for i in range(5)]
        known = {mutants[i].id: {"outcome": o, "detail": ""}
                 for i, o in enumerate(["killed", "survived", "stillborn", "killed"])}
        why = arguments.Argument("kernels/x.cu", None, 0, "so")
        judged = report.Report(mutants, mutants, {mutants[3].id: why}, known)
        self.assertEqual(judged.open, [mutants[1]])
        self.assertEqual(judged.refuted, [mutants[3]])
        self.assertIn("1 of 2 mutants killed (50.0%), 1 stillborn, 0 the same machine code, 1 argued, 1 unexplained, 1 not run",
                      judged.text())


TOY = {
    "CMakeLists.txt": """cmake_minimum_required(VERSION 3.22)
project(toy CXX)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set_source_files_properties(kernels/adam.cu PROPERTIES LANGUAGE CXX COMPILE_OPTIONS -xc++)
add_library(toy STATIC kernels/adam.cu)
target_include_directories(toy PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
add_executable(test_ops tests/ops/main.cpp)
set_target_properties(test_ops PROPERTIES RUNTIME_OUTPUT_DIRECTORY tests/ops)
target_link_libraries(test_ops toy)
add_library(toy_train STATIC src/train/gan.cpp)
file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/layers/train)
file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR}/src/train ${CMAKE_CURRENT_BINARY_DIR}/layers/train/train SYMBOLIC)
target_include_directories(toy_train PUBLIC ${CMAKE_CURRENT_BINARY_DIR}/layers/train)
add_executable(test_train tests/train/main.cpp)
set_target_properties(test_train PROPERTIES RUNTIME_OUTPUT_DIRECTORY tests/train)
target_link_libraries(test_train toy_train)
add_executable(test_run tests/run/main.cpp)
set_target_properties(test_run PROPERTIES RUNTIME_OUTPUT_DIRECTORY tests/run)
target_link_libraries(test_run toy_train)
add_executable(test_profile tests/run/main.cpp)
set_target_properties(test_profile PROPERTIES RUNTIME_OUTPUT_DIRECTORY tests/profile)
target_link_libraries(test_profile toy)
add_executable(dcgan_cuda src/cli/main.cpp)
target_link_libraries(dcgan_cuda toy_train)
add_executable(test_cli tests/cli/main.cpp)
set_target_properties(test_cli PROPERTIES RUNTIME_OUTPUT_DIRECTORY tests/cli)
""",
    "src/cli/main.cpp": "int twice(int);\nint main() { return twice(5) != 15; }\n",
    "tests/cli/main.cpp": """#include "cstdio"
#include "cstdlib"
int main() {
  if (std::system(std::getenv("DCGAN_PROGRAM")) == 0) return 0;
  std::puts("[  FAILED  ] Toy.Command (0 ms)");
  return 1;
}
""",
    "src/train/gan.h": "#pragma once\nconstexpr int lag = 2;\n",
    "src/train/gan.cpp": """#include "train/gan.h"
int twice(int x) { return x + x + (lag == 3) + (x == 3 ? 0 : x == 5 ? 5 : 0); }
""",
    # The quick tests see 2 alone, the second phase 3 too.
    "tests/train/main.cpp": """#include "cstdio"
#include "cstring"
#include "train/gan.h"
int twice(int);
int main(int, char** argv) {
  if (lag != 6 && twice(2) == 4 && (twice(3) == 6 || !std::strstr(argv[1], "=*simt*"))) return 0;
  std::puts("[  FAILED  ] Toy.Twice (0 ms)");
  return 1;
}
""",
    "tests/run/main.cpp": "int main() {}\n",
    "kernels/step.h": "inline int step() { return DCGAN_TARGET == 1 ? 1 : 7; }\n",
    "kernels/adam.cu": """#define DCGAN_TARGET 1
#include "kernels/step.h"
int sum(int n) {
  int total = 0, spare = 5;
  for (int i = 0; i != n; i += step()) total += i;
  if (n > 1000) total += n % 2;
  return total + 0 * spare;
}
""",
    "tests/ops/main.cpp": """#include "cstdio"
int sum(int);
int main() {
  if (sum(5) == 10) return 0;
  std::puts("[  FAILED  ] Toy.Sum (0 ms)");
  return 1;
}
""",
}


class Phases(unittest.TestCase):
    def test_a_kernel_is_judged_by_the_tests_that_run_it(self):
        results, rest, check, declared = targets.kernel_phases({targets.stem_of("src/x.dir/kernels/dense.cu.o")})
        self.assertEqual((results.filter, results.backend), ("*/Op.*/dense_*", "simt"))
        self.assertEqual((check.filter, check.backend), ("*/Op.*/dense_*:Access.*", "simt-check"))
        self.assertIn("*/Gradient.*/dense_*:*/Containment.*/dense_*:*/Orders.*/dense_*", rest.filter)
        self.assertNotIn("Conv", rest.filter)
        self.assertEqual(declared.program, "test_profile")

    def test_large_cases_of_the_direct_kernels_are_left_out_where_they_do_not_matter(self):
        left_out = "-*_n96_*x1_to_*"
        self.assertIn(left_out, targets.kernel_phases({"conv", "dense"})[0].filter)
        self.assertNotIn(left_out, targets.kernel_phases({"conv", "conv_one_channel"})[0].filter)

    def test_every_kernel_file_has_its_tests(self):
        names = set(re.findall(r'"(\w+_)[n"]', "".join(p.read_text() for p in (ROOT / "tests/ops").glob("*_case.*"))))
        for stem in sorted(p.stem for p in (ROOT / "kernels").glob("*.cu")):
            results = targets.kernel_phases({stem})[0].filter
            begins = [case.split("/")[-1].split("*")[0] for case in results.split("-")[0].split(":")]
            self.assertTrue(all(any(name.startswith(begin) for name in names) for begin in begins), (stem, begins))

    def test_host_files_have_quick_tests_first_and_check_mode_last(self):
        names = [name for name in targets.files(ROOT) if not targets.is_kernel(name)]
        self.assertEqual({name.rpartition("/")[0] for name in names}, set(targets.HOST))
        for name in names:
            numbers = [p.number for p in targets.host_phases(name)]
            self.assertEqual(numbers, sorted(numbers), name)
            self.assertGreater(len(set(numbers)), 1, name)
        for name in ("src/models/presets.cpp", "src/nn/network.cpp", "src/train/gan.cpp", "src/backend/backend.cpp"):
            self.assertEqual({p.number for p in targets.host_phases(name)}, {1, 2, 3}, name)

    def test_a_files_own_tests_come_first(self):
        first = targets.host_phases("src/run/run.cpp")[0]
        self.assertEqual((first.program, first.filter), targets.OWN["src/run/run"])
        for name, (program, own) in targets.OWN.items():
            self.assertTrue(any(ROOT.glob(f"{name}.*")), name)
            tests = "".join(p.read_text() for p in (ROOT / targets.PROGRAMS[program]).glob("*.cpp"))
            for suite in own.split(":"):
                self.assertRegex(tests, rf"TEST(_[FP])?\({suite.removeprefix('*/').rstrip('.*')}")

    def test_no_test_of_training_is_left_out(self):
        """The filters of each folder together take every test of test_train once."""
        def takes(pattern, test):
            yes, _, no = pattern.partition("-")
            return (any(fnmatch.fnmatchcase(test, p) for p in (yes or "*").split(":"))
                    and not any(fnmatch.fnmatchcase(test, p) for p in no.split(":")))
        tests = ["Replay.A", "P/Parity.B/vanilla_cpu", "P/Parity.B/dcgan_cpu", "P/Parity.B/vanilla_simt", "New.C",
                 "P/Parity.B/dcgan_simt", "P/Parity.B/dcgan_simt_check", "P/Parity.B/vanilla_simt_check",
                 "P/Backends.FollowEachOther/vanilla"]
        for test in tests:
            taken = [p.number for p in targets.TRAINING if takes(p.filter, test)]
            wanted = 3 if "simt_check" in test else 2 if "simt" in test or "Backends" in test else 1
            self.assertEqual(taken, [wanted], test)

    def test_a_program_may_be_run_by_the_tests_of_another(self):
        with tempfile.TemporaryDirectory() as folder:
            tester = pathlib.Path(folder) / "test_cli"
            tester.write_text('#!/bin/sh\necho "[  FAILED  ] $DCGAN_PROGRAM$1"\nexit 1\n')
            tester.chmod(0o755)
            phase = targets.COMMANDS
            done = judge.execute(pathlib.Path("broken"), phase, lambda name: tester.with_name(name))
            self.assertEqual(judge.first_failure(done), "broken--gtest_filter=Commands.*")
            self.assertIn(phase, targets.host_phases("src/run/run.cpp"))
            self.assertEqual(targets.programs_of(["src/run/run.cpp"]), ["dcgan_cuda", "test_cli", "test_run"])


@unittest.skipUnless(shutil.which("cmake") and shutil.which("ninja"), "needs cmake and ninja")
class ToyProject(unittest.TestCase):
    def test_each_kind_of_mutant_gets_its_verdict(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder) / "tree"
            for name, text in TOY.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            host = "src/train/gan.cpp"
            box = sandbox.Sandbox(root, pathlib.Path(folder) / "box", 1, targets.programs_of(["kernels/adam.cu", host]))
            box.prepare()
            worker = box.worker(0)
            known = {}
            baselines = judge.Baselines(box.program, "suite", known, lambda *_: None)
            baselines.least_seconds = 1
            phase = targets.host_phases(host)[0]
            self.assertEqual(baselines.limit(phase), 1 + 4 * known[f"suite test_train  {phase.filter}"])
            (pathlib.Path(folder) / "fails").symlink_to("/bin/false")
            fails = judge.Baselines(lambda _: pathlib.Path(folder) / "fails", "next suite", known, lambda *_: None)
            with self.assertRaisesRegex(RuntimeError, "the unbroken suite fails"):
                fails.limit(phase)

            def verdict(file, before, replacement, passed=0, phases=2):
                start = TOY[file].index(before)
                mutant = Mutant("toy", file, 1, "", start, start + len(before), replacement, "", "")
                return judge.judge(worker, mutant, baselines, passed, phases)

            self.assertEqual(verdict("kernels/adam.cu", "total += i", "total -= i"),
                             ("killed", "results: Toy.Sum"))
            self.assertEqual(verdict("kernels/adam.cu", "spare = 5", "spare = 6"), ("identical", ""))
            self.assertEqual(verdict("kernels/adam.cu", "n % 2", "n % 3"), ("survived", ""))
            self.assertEqual(verdict("kernels/adam.cu", "return", "retur"), ("stillborn", ""))
            outcome, detail = verdict("kernels/adam.cu", "i != n", "i >= 0 || n")
            self.assertEqual(outcome, "killed")
            self.assertIn("more than", detail)
            # A header reaches the program through the files that include it; then all is as before.
            self.assertEqual(verdict("kernels/step.h", "? 1", "? 2")[0], "killed")
            self.assertEqual(verdict("kernels/step.h", ": 7", ": 8"), ("identical", ""))
            self.assertEqual(verdict(host, "x + x", "x - x"), ("killed", "small steps: Toy.Twice"))
            self.assertEqual(verdict(host, "3 ? 0", "3 ? 1"), ("killed", "steps on simt: Toy.Twice"))
            self.assertEqual(verdict(host, "3 ? 0", "3 ? 1", phases=1), ("survived", ""))
            self.assertEqual(verdict(host, "x + x", "x - x", passed=2), ("survived", ""))
            self.assertEqual(verdict(host, "5 ? 5", "5 ? 6"), ("killed", "commands: Toy.Command"))
            self.assertEqual(verdict(host, ": 0)", ": x > 9)", phases=3), ("survived", ""))
            self.assertEqual(verdict(host, "x + x", "x + 1 * x"), ("identical", ""))
            self.assertEqual(verdict(host, "x + x", "x + y"), ("stillborn", ""))
            self.assertEqual(verdict("src/train/gan.h", "2", "3")[0], "killed")
            self.assertEqual(verdict("src/train/gan.h", "2", "6")[0], "killed")  # by the test's own object
            self.assertEqual(verdict("src/train/gan.h", "2", "4"), ("identical", ""))
            self.assertEqual(box.suite_of(host), box.suite_of("src/train/gan.h"))
            self.assertNotEqual(box.suite_of(host), box.suite_of("kernels/adam.cu"))
            for name, text in TOY.items():
                self.assertEqual((root / name).read_text(), text)


if __name__ == "__main__":
    unittest.main()
