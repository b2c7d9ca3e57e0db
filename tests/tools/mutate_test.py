"""tools/mutate: what it breaks, on snippets and on the kernels; what it decides, on a toy project."""
import dataclasses
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
from lexer import Source  # noqa: E402
from operators import SWAPS, Mutant, mutants_of  # noqa: E402
from quote import function_of  # noqa: E402


def after(code, operator):
    return [m.after for m in mutants_of("kernels/x.cu", code) if m.operator == operator]


class Lexer(unittest.TestCase):
    def texts(self, code):
        return [t.text for t in Source("x.cu", code).tokens]

    def test_no_comments_and_strings_stay_whole(self):
        self.assertEqual(self.texts('a /* b < c */ + "d < e" // f\n;'), ["a", "+", '"d < e"', ";"])

    def test_numbers(self):
        self.assertEqual(self.texts("0x1p-24 1'000 0xffu 0.5F 6.28e+3"),
                         ["0x1p-24", "1'000", "0xffu", "0.5F", "6.28e+3"])

    def test_what_nvcc_alone_compiles_is_hidden(self):
        code = "#if defined(__CUDACC__)\na\n#if X\nb\n#endif\n#else\nc\n#endif\nd\n#ifdef Y\ne\n#endif\n"
        self.assertEqual(self.texts(code), ["c", "d", "e"])

    def test_directives_are_hidden_with_their_continuation(self):
        self.assertEqual(self.texts("#define A(b) \\\n  b + 1\nc"), ["c"])


class Operators(unittest.TestCase):
    def test_barrier(self):
        self.assertEqual(after("f(); __syncthreads(); g();", "barrier"), ["f(); static_cast<void>(0); g();"])

    def test_relation_but_no_template_bracket(self):
        self.assertEqual(after("for (int i = 0; i < n; ++i) f<4>(Pack<width>{});", "relation"),
                         ["for (int i = 0; i <= n; ++i) f<4>(Pack<width>{});"])

    def test_arithmetic_but_no_pointer_or_reference(self):
        self.assertEqual(after("const float* p = a + b; const int& q = c;", "arithmetic"),
                         ["const float* p = a - b; const int& q = c;"])

    def test_index_of_an_access_but_no_array_dimension(self):
        self.assertEqual(after("float a[8] = {}; a[i + j] = b[k];", "index"),
                         [f"float a[8] = {{}}; {x} = {y};" for x, y in
                          [("a[(i + j) + 1]", "b[k]"), ("a[(i + j) - 1]", "b[k]"),
                           ("a[i + j]", "b[k + 1]"), ("a[i + j]", "b[k - 1]")]])
        self.assertEqual(after("__shared__ float a[2][depth]; f([&](float (&b)[4]) {});", "index"), [])

    def test_operands_with_calls_members_and_subscripts(self):
        self.assertEqual(after("x = g.width - f(a, b)[2];", "operands"), ["x = f(a, b)[2] - g.width;"])
        self.assertEqual(after("x = static_cast<int>(y) % 32;", "operands"), ["x = 32 % static_cast<int>(y);"])
        self.assertEqual(after("x = a - a; y = -1;", "operands"), [])

    def test_condition_and_each_part_of_it(self):
        self.assertCountEqual(after("if (a < b && f(c, d)) return;", "condition"),
                              ["if (false) return;", "if (true) return;",
                               "if (true && f(c, d)) return;", "if (a < b && true) return;"])
        self.assertEqual(after("x = a < b ? c : d;", "condition"), ["x = false ? c : d;", "x = true ? c : d;"])

    def test_reset(self):
        self.assertEqual(after("Pack<width> sum{}, other{}; float s[8] = {}; f(T{});", "reset"),
                         ["Pack<width> sum, other{}; float s[8] = {}; f(T{});",
                          "Pack<width> sum{}, other; float s[8] = {}; f(T{});",
                          "Pack<width> sum{}, other{}; float s[8]; f(T{});"])

    def test_constant_mask_and_template_argument(self):
        self.assertEqual(after("x = 7;", "constant"), ["x = 8;"])
        self.assertEqual(after("x = 0.5F;", "constant"), ["x = 1.5F;"])
        self.assertEqual(after("x = f(0xffffffffu);", "constant"), ["x = f(0x7FFFFFFFu);", "x = f(0xFFFFFFFEu);"])
        self.assertEqual(after("Pack<4>::load(p);", "constant"), ["Pack<1>::load(p);"])

    def test_dimension_where_the_other_is_known(self):
        self.assertEqual(after("int f() { return g.height * row; } int width;", "dimension"),
                         ["int f() { return g.width * row; } int width;"])

    def test_arguments_but_no_parameters(self):
        self.assertEqual(after("void f(int a, int b); x = f(a, b + 1);", "arguments"),
                         ["void f(int a, int b); x = f(b + 1, a);"])

    def test_what_bounds_registers_or_asserts_is_left_alone(self):
        self.assertEqual(mutants_of("x.cu", "template <int n, bool b = true>\n"
                                    "__global__ void __launch_bounds__(256, 2) k();\nstatic_assert(1 < 2);"), [])


class Identity(unittest.TestCase):
    CODE = "void f() {\n  a[i] = b + c;\n}\n"

    def test_ids_stay_when_lines_move_or_gain_a_comment(self):
        ids = {m.id for m in mutants_of("x.cu", self.CODE)}
        moved = {m.id for m in mutants_of("x.cu", "int x;\n\n" + self.CODE.replace("c;", "c;  // why"))}
        self.assertEqual(ids, moved)
        self.assertFalse(ids & {m.id for m in mutants_of("x.cu", self.CODE.replace("b", "d"))})

    def test_equal_lines_have_ids_of_their_own(self):
        two = mutants_of("x.cu", self.CODE + self.CODE)
        self.assertEqual(len({m.id for m in two}), 2 * len(mutants_of("x.cu", self.CODE)))

    def test_every_mutant_of_the_kernels_is_one_change_that_keeps_brackets(self):
        def brackets(text):
            source = Source("x", text)
            return len(source.partner) == sum(t.text in "()[]{}" for t in source.tokens if t.kind == "sign")
        total = 0
        for name in sandbox.kernel_files(ROOT):
            text = (ROOT / name).read_text()
            mutants = mutants_of(name, text)
            total += len(mutants)
            self.assertEqual(len({m.id for m in mutants}), len(mutants))
            for m in mutants[::7]:
                broken = m.apply(text)
                self.assertNotEqual(broken, text)
                self.assertTrue(brackets(broken), f"{name}: {m.after}")
        self.assertGreater(total, 1000)


def made_up(number, file="kernels/x.cu"):
    return Mutant(f"{number:08x}", file, number, "index", 0, 1, "", f"a{number};", f"b{number};")


class Arguments(unittest.TestCase):
    CODE = "void f() {\n  if (lanes < parts && lanes < 32) lanes = 2;\n  if (many < parts) stop();\n}\n"

    def argue(self, code, operator, after):
        """The argument for one mutant of the code."""
        known = arguments.FileOfMutants("x.cu", code, mutants_of("x.cu", code))
        [mutant] = [m for m in known.mutants if m.operator == operator and m.after == after]
        return known.argument_for(mutant, "why")

    def named(self, argument, code):
        known = arguments.FileOfMutants("x.cu", code, mutants_of("x.cu", code))
        return [m.after for m in known.named_by(argument)]

    def test_functions(self):
        code = """namespace a { template <class T> struct alignas(16) B final : C {
          B(int x) : x_(f(x)), y_{1} { one; } int member;
          __global__ void __launch_bounds__(2) k(T x) const { if constexpr (x) { two; } v(T{}, [&](int i) { three; }); }
        }; A::~A() { four; } constexpr int five = 5; struct { int six; } s; }"""
        source = Source("x", code)
        found = {t.text: function_of(source, i) for i, t in enumerate(source.tokens)}
        self.assertEqual([found[x] for x in ("one", "member", "two", "three", "four", "five", "six", "y_")],
                         ["B::B", "B", "B::k", "B::k", "A::~A", "", "", "B"])

    def test_a_line_shows_the_statement_with_the_change_in_it(self):
        self.assertEqual(str(self.argue(self.CODE, "relation", "if (lanes < parts && lanes <= 32) lanes = 2;")),
                         "x.cu f: if (lanes < parts && lanes @< ==> <=@ 32) lanes = 2; // why")
        self.assertEqual(str(self.argue("T f(int x = 3, int y = 4, int z = 5) { }", "constant",
                                        "T f(int x = 3, int y = 4, int z = 6) { }")),
                         "x.cu f: ...x = 3, int y = 4, int z = @5 ==> 6@) // why")

    def test_names_and_lines_may_change(self):
        argument = self.argue(self.CODE, "relation", "if (lanes < parts && lanes <= 32) lanes = 2;")
        renamed = self.CODE.replace("lanes", "threads").replace("&& ", "&&\n      ")
        self.assertEqual(self.named(argument, renamed), ["threads <= 32) threads = 2;"])
        for changed in (self.CODE.replace("32", "33"), self.CODE.replace("f()", "g()"),
                        self.CODE.replace("&& lanes", "&& many"), self.CODE.replace("= 2", "+= 2")):
            self.assertEqual(self.named(argument, changed), [])

    def test_of_statements_of_one_shape_the_names_decide(self):
        code = self.CODE.replace("}\n", "  if (most < all) stop();\n}\n")
        argument = self.argue(code, "relation", "if (most <= all) stop();")
        self.assertEqual(self.named(argument, code), ["if (most <= all) stop();"])
        self.assertEqual(self.named(argument, code.replace("most", "least")), ["if (least <= all) stop();"])
        # Where they decide nothing, the number does, and without one nothing is argued.
        strange = code.replace("most", "least").replace("all", "every").replace("many < parts", "a < b")
        self.assertEqual(self.named(argument, strange), ["if (least <= every) stop();"])
        self.assertEqual(self.named(dataclasses.replace(argument, number=0), strange), [])

    def test_statements_that_are_all_alike_are_numbered(self):
        code = "void f() { if (a) g();\n  h();\nif (a) g(); }"
        known = arguments.FileOfMutants("x.cu", code, mutants_of("x.cu", code))
        first, second = [m for m in known.mutants if m.replacement == "true"]
        line = known.argument_for(second, "why")
        self.assertEqual((str(line), known.named_by(line)), ("x.cu f #2: if (@a ==> true@) g(); // why", [second]))
        self.assertEqual(known.named_by(arguments.Argument("x.cu", line.quote, 0, "why")), [])

    def test_a_star_is_every_mutant_of_the_statement(self):
        known = arguments.FileOfMutants("x.cu", self.CODE, mutants_of("x.cu", self.CODE))
        whole = known.quotes[known.mutants[-1].id][1]
        self.assertEqual(str(whole), "@*@ if (many < parts) stop();")
        self.assertEqual(known.named_by(arguments.Argument("x.cu", whole, 0, "why")),
                         [m for m in known.mutants if m.before == "if (many < parts) stop();"])

    def test_the_projects_own_outlive_a_rename_of_every_local_variable(self):
        own = arguments.read_arguments(ROOT / "tools" / "mutate" / "equivalent.txt")
        telling = {part for pair in SWAPS for part in pair}  # names that operators go by
        renamed = 0
        for name in sorted({a.file for a in own}):
            def of(text):
                return arguments.FileOfMutants(name, text, mutants_of(name, text))
            text = (ROOT / name).read_text()
            local = {n for n in re.findall(r"(?:int|float|double|bool|auto|int64_t) (\w+) = ", text)
                     if not telling & set(n.split("_"))}
            renamed += len(local)
            other = re.sub(r"(?<![\w.])[A-Za-z]\w*", lambda m: m.group() + ("_renamed" * (m.group() in local)), text)
            known, changed = of(text), of(other)
            self.assertEqual(len(known.mutants), len(changed.mutants), name)
            for argument in (a for a in own if a.file == name):
                places = [known.mutants.index(m) for m in known.named_by(argument)]
                self.assertTrue(places, argument)
                self.assertEqual([changed.mutants.index(m) for m in changed.named_by(argument)], places, argument)
        self.assertGreater(renamed, 50)


class Results(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / "file"

    def test_arguments(self):
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
        state = results.State(self.path, "suite 1", 3)
        for number, outcome in enumerate(("killed", "survived", "stillborn")):
            state.add(made_up(number), "text", outcome, "", 1, 3)
        state.file.write('{"id": "cut o')
        state.file.close()
        again = results.State(self.path, "suite 1", 3)
        self.assertEqual(again.of(made_up(1), "text")["outcome"], "survived")
        grown = results.State(self.path, "suite 2", 3)
        self.addCleanup(again.file.close)
        self.addCleanup(grown.file.close)
        self.assertEqual(grown.of(made_up(0), "text")["outcome"], "killed")
        self.assertIsNone(grown.of(made_up(0), "other text"))
        self.assertIsNone(grown.of(made_up(1), "text"))
        self.assertEqual(grown.of(made_up(2), "text")["outcome"], "stillborn")

    def test_a_survivor_of_the_first_phases_goes_on_from_there(self):
        state = results.State(self.path, "suite", 1)
        state.add(made_up(1), "text", "survived", "", 1, 1)
        state.add(made_up(2), "text", "killed", "", 1, 1)
        state.file.close()
        self.assertEqual(state.of(made_up(1), "text")["outcome"], "survived")
        whole, changed = results.State(self.path, "suite", 3), results.State(self.path, "other suite", 3)
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

    def test_report(self):
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
""",
    "kernels/step.h": "inline int step() { return DCGAN_HOME == 1 ? 1 : 7; }\n",
    "kernels/adam.cu": """#define DCGAN_HOME 1
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
    def test_a_kernel_is_put_to_the_tests_that_run_it(self):
        results, rest, check = judge.phases({judge.stem_of("src/x.dir/kernels/dense.cu.o")}, 3)
        self.assertEqual((results.filter, results.backend), ("Dense/Op.*/dense_*", "simt"))
        self.assertEqual((check.filter, check.backend), ("Dense/Op.*/dense_*:Access.*", "simt-check"))
        self.assertIn("Dense/Gradient.*/dense_*:Dense/Containment.*/dense_*:*/Orders.*/dense_*", rest.filter)
        self.assertNotIn("Conv", rest.filter)
        self.assertEqual(judge.phases({"dense"}, 1), [results])

    def test_large_cases_of_the_direct_kernels_are_left_out_where_they_do_not_matter(self):
        left_out = "-*_n96_*x1_to_*"
        self.assertIn(left_out, judge.phases({"conv", "dense"}, 1)[0].filter)
        self.assertNotIn(left_out, judge.phases({"conv", "conv_one_channel"}, 1)[0].filter)

    def test_every_kernel_file_has_its_tests(self):
        self.assertEqual({p.stem for p in (ROOT / "kernels").glob("*.cu")}, set(judge.TESTS))
        suites = (ROOT / "tests" / "ops" / "suite_test.cpp").read_text()
        for tests in judge.TESTS.values():
            self.assertIn(f"INSTANTIATE_TEST_SUITE_P({tests.suite}, Op,", suites)


@unittest.skipUnless(shutil.which("cmake") and shutil.which("ninja"), "wants cmake and ninja")
class ToyProject(unittest.TestCase):
    def test_verdicts(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder) / "tree"
            for name, text in TOY.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            box = sandbox.Sandbox(root, pathlib.Path(folder) / "box", 1)
            box.prepare()
            worker = box.worker(0)
            baselines = judge.Baselines(box.build / "tests/ops/test_ops", {}, lambda *_: None)
            baselines.least_seconds = 1

            def verdict(file, before, replacement):
                start = TOY[file].index(before)
                mutant = Mutant("toy", file, 1, "", start, start + len(before), replacement, "", "")
                return judge.judge(worker, mutant, baselines, 0, 2)

            self.assertEqual(verdict("kernels/adam.cu", "total += i", "total -= i"),
                             ("killed", "results: Toy.Sum"))
            self.assertEqual(verdict("kernels/adam.cu", "spare = 5", "spare = 6"), ("identical", ""))
            self.assertEqual(verdict("kernels/adam.cu", "n % 2", "n % 3"), ("survived", ""))
            self.assertEqual(verdict("kernels/adam.cu", "return", "retur"), ("stillborn", ""))
            outcome, detail = verdict("kernels/adam.cu", "i != n", "i >= 0 || n")
            self.assertEqual(outcome, "killed")
            self.assertIn("no end", detail)
            # A header reaches the program through the files that include it; then all is as before.
            self.assertEqual(verdict("kernels/step.h", "? 1", "? 2")[0], "killed")
            self.assertEqual(verdict("kernels/step.h", ": 7", ": 8"), ("identical", ""))
            for name, text in TOY.items():
                self.assertEqual((root / name).read_text(), text)


if __name__ == "__main__":
    unittest.main()
