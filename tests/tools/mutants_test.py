"""tools/mutate: the ways it breaks code, on snippets and on the sources, and how arguments name them."""
import dataclasses
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "mutate"))
import arguments  # noqa: E402
import host_operators  # noqa: E402
import targets  # noqa: E402
from lexer import Source  # noqa: E402
from mutants import mutants_of  # noqa: E402
from operators import SWAPS  # noqa: E402
from statements import function_of  # noqa: E402


def after(code, operator, file="kernels/x.cu"):
    return [m.after for m in mutants_of(file, code) if m.operator == operator]


class Lexer(unittest.TestCase):
    def texts(self, code):
        return [t.text for t in Source("x.cu", code).tokens]

    def test_comments_are_dropped_and_strings_stay_whole(self):
        self.assertEqual(self.texts('a /* b < c */ + "d < e" // f\n;'), ["a", "+", '"d < e"', ";"])

    def test_numbers_stay_whole(self):
        self.assertEqual(self.texts("0x1p-24 1'000 0xffu 0.5F 6.28e+3"),
                         ["0x1p-24", "1'000", "0xffu", "0.5F", "6.28e+3"])

    def test_what_nvcc_alone_compiles_is_hidden(self):
        code = "#if defined(__CUDACC__)\na\n#if X\nb\n#endif\n#else\nc\n#endif\nd\n#ifdef Y\ne\n#endif\n"
        self.assertEqual(self.texts(code), ["c", "d", "e"])

    def test_directives_are_hidden_with_their_continuation(self):
        self.assertEqual(self.texts("#define A(b) \\\n  b + 1\nc"), ["c"])


class Operators(unittest.TestCase):
    def test_barrier_is_dropped(self):
        self.assertEqual(after("f(); __syncthreads(); g();", "barrier"), ["f(); static_cast<void>(0); g();"])

    def test_relation_but_no_template_bracket(self):
        self.assertEqual(after("for (int i = 0; i < n; ++i) f<4>(Pack<width>{});", "relation"),
                         ["for (int i = 0; i <= n; ++i) f<4>(Pack<width>{});"])

    def test_arithmetic_but_no_pointer_or_reference(self):
        self.assertEqual(after("const float* p = a + b; const int& q = c;", "arithmetic"),
                         ["const float* p = a - b; const int& q = c;"])

    def test_strings_are_only_added(self):
        self.assertEqual(after('f("a" + b, c + "d" + e, \'0\' + g);', "arithmetic"),
                         ['f("a" + b, c + "d" + e, \'0\' - g);'])

    def test_index_of_an_access_but_no_array_dimension(self):
        self.assertEqual(after("float a[8] = {}; a[i + j] = b[k];", "index"),
                         [f"float a[8] = {{}}; {x} = {y};" for x, y in
                          [("a[(i + j) + 1]", "b[k]"), ("a[(i + j) - 1]", "b[k]"),
                           ("a[i + j]", "b[k + 1]"), ("a[i + j]", "b[k - 1]")]])
        self.assertEqual(after('a["b"] = c;', "index"), [])
        self.assertEqual(after("__shared__ float a[2][depth]; f([&](float (&b)[4]) {});", "index"), [])

    def test_operands_with_calls_members_and_subscripts(self):
        self.assertEqual(after("x = g.width - f(a, b)[2];", "operands"), ["x = f(a, b)[2] - g.width;"])
        self.assertEqual(after("x = static_cast<int>(y) % 32;", "operands"), ["x = 32 % static_cast<int>(y);"])
        self.assertEqual(after("x = a - a; y = -1;", "operands"), [])

    def test_condition_and_each_part_of_it(self):
        self.assertCountEqual(after("if (a < b && f(c, d)) return;", "condition"),
                              ["if (false) return;", "if (true) return;",
                               "if (true && f(c, d)) return;", "if (a < b && true) return;"])
        self.assertCountEqual(after("return !a && !b.c();", "condition"), ["return true && !b.c();", "return !a && true;"])
        self.assertEqual(after("x = a < b ? c : d;", "condition"), ["x = false ? c : d;", "x = true ? c : d;"])

    def test_initialisers_are_dropped(self):
        self.assertEqual(after("Pack<width> sum{}, other{}; float s[8] = {}; f(T{});", "reset"),
                         ["Pack<width> sum, other{}; float s[8] = {}; f(T{});",
                          "Pack<width> sum{}, other; float s[8] = {}; f(T{});",
                          "Pack<width> sum{}, other{}; float s[8]; f(T{});"])

    def test_constant_mask_and_template_argument(self):
        self.assertEqual(after("x = 7;", "constant"), ["x = 8;"])
        self.assertEqual(after("x = 0.5F;", "constant"), ["x = 1.5F;"])
        self.assertEqual(after("x = f(0xffffffffu);", "constant"), ["x = f(0x7FFFFFFFu);", "x = f(0xFFFFFFFEu);"])
        self.assertEqual(after("Pack<4>::load(p);", "constant"), ["Pack<1>::load(p);"])
        self.assertEqual(after("virtual int f() const = 0; virtual void g(int) = 0;", "constant"), [])

    def test_dimension_where_the_other_is_known(self):
        self.assertEqual(after("int f() { return g.height * row; } int width;", "dimension"),
                         ["int f() { return g.width * row; } int width;"])

    def test_arguments_but_no_parameters(self):
        self.assertEqual(after("void f(int a, int b); x = f(a, b + 1);", "arguments"),
                         ["void f(int a, int b); x = f(b + 1, a);"])

    def test_members_of_a_json_object_have_no_order(self):
        self.assertEqual(after('json j{{"a", b}, {"c", d}};', "arguments"), ['json j{{"a", b}, {d, "c"}};'])

    def test_what_bounds_registers_or_asserts_is_left_alone(self):
        self.assertEqual(mutants_of("x.cu", "template <int n, bool b = true>\n"
                                    "__global__ void __launch_bounds__(256, 2) k();\nstatic_assert(1 < 2);\n"
                                    "enum class E { a, b };"), [])


class HostOperators(unittest.TestCase):
    def after(self, code, operator):
        return after(code, operator, "src/train/x.cpp")

    def test_omission_of_calls_and_assignments(self):
        self.assertEqual(self.after("void f() { g(a); b.c = d; ++e.f; h_ += 2; if (i) { p->q(r)[2].s(); } }", "omission"),
                         ["void f() { ; b.c = d; ++e.f; h_ += 2; if (i) { p->q(r)[2].s(); } }",
                          "void f() { g(a); ; ++e.f; h_ += 2; if (i) { p->q(r)[2].s(); } }",
                          "void f() { g(a); b.c = d; ; h_ += 2; if (i) { p->q(r)[2].s(); } }",
                          "void f() { g(a); b.c = d; ++e.f; ; if (i) { p->q(r)[2].s(); } }",
                          "void f() { g(a); b.c = d; ++e.f; h_ += 2; if (i) { ; } }"])
        self.assertEqual(self.after("void f() { if (a) b(); else c(); for (int i = 0; i < n; ++i) d(); }", "omission"),
                         ["void f() { if (a) ; else c(); for (int i = 0; i < n; ++i) d(); }",
                          "void f() { if (a) b(); else ; for (int i = 0; i < n; ++i) d(); }",
                          "void f() { if (a) b(); else c(); for (int i = 0; i < n; ++i) ; }"])

    def test_nothing_is_left_out_of_declarations_and_results(self):
        for code in ("struct A { A(int); void f(); int b = c; };", "int g(h(i));", "namespace a { f(b); }",
                     "void f() { const T a = b; T c(d); return (e); }"):
            self.assertEqual(self.after(code, "omission"), [])

    def test_another_enumerator_or_stream(self):
        self.assertEqual(self.after("f(random_stream::noise); g(A::Mode::training);", "enumerator"),
                         ["f(random_stream::sample); g(A::Mode::training);",
                          "f(random_stream::noise); g(A::Mode::inference);"])
        self.assertEqual(self.after("a = Kind::b; if (c == Kind::d) std::e;", "enumerator"),
                         ["a = Kind::d; if (c == Kind::d) std::e;", "a = Kind::b; if (c == Kind::b) std::e;"])
        self.assertEqual(self.after("a = Kind::b(c) + Kind::d<e>;", "enumerator"), [])

    def test_counters_are_off_by_one_or_zero(self):
        self.assertEqual(self.after("f(state.step, 2 * rows);", "counter"),
                         ["f((state.step + 1), 2 * rows);", "f(0, 2 * rows);", "f(state.step, 2 * 1);"])
        self.assertEqual(self.after("void f(int step) { p.rows = a; ++state.step; int first = 0; }", "counter"), [])

    def test_names_of_calls_too(self):
        self.assertEqual(self.after("float* values(); float* gradients(); x = n.gradients();", "name"),
                         ["float* values(); float* gradients(); x = n.values();"])

    def test_messages_are_left_alone(self):
        self.assertEqual(mutants_of("src/x.cpp", 'throw Error("a" + name(b, 1));'), [])

    def test_kernels_have_operators_of_their_own(self):
        self.assertEqual(after("void f() { g(); }", "omission"), [])
        self.assertEqual(self.after("__syncthreads();", "barrier"), [])


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

    def test_every_mutant_is_one_change_that_keeps_brackets(self):
        def brackets(text):
            source = Source("x", text)
            return len(source.partner) == sum(t.text in "()[]{}" for t in source.tokens if t.kind == "sign")
        total = {"kernels": 0, "src": 0}
        for name in targets.files(ROOT):
            text = (ROOT / name).read_text()
            mutants = mutants_of(name, text)
            total[name.split("/")[0]] += len(mutants)
            self.assertEqual(len({m.id for m in mutants}), len(mutants))
            for m in mutants[::7]:
                broken = m.apply(text)
                self.assertNotEqual(broken, text)
                self.assertTrue(brackets(broken), f"{name}: {m.after}")
        self.assertGreater(min(total.values()), 1000)


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

    def test_code_stands_in_its_function_or_class(self):
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
        self.assertEqual(self.named(dataclasses.replace(argument, number=1), code), ["if (most <= all) stop();"])
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
        pairs = {part for pair in [*SWAPS, *host_operators.PAIRS] for part in pair}
        telling = pairs | host_operators.COUNTERS | host_operators.SIZES  # names that operators go by
        renamed = 0
        for name in sorted({a.file for a in own}):
            def of(text):
                return arguments.FileOfMutants(name, text, mutants_of(name, text))
            text = (ROOT / name).read_text()
            local = {n for n in re.findall(r"(?:int|float|double|bool|auto|int64_t) (\w+) = ", text)
                     if not telling & set(n.split("_"))}
            renamed += len(local)
            other = re.sub(r'"[^"\n]*"|(?<![\w.])[A-Za-z]\w*', lambda m: m.group() + ("_renamed" * (m.group() in local)), text)
            known, changed = of(text), of(other)
            self.assertEqual(len(known.mutants), len(changed.mutants), name)
            for argument in (a for a in own if a.file == name):
                places = [known.mutants.index(m) for m in known.named_by(argument)]
                self.assertTrue(places, argument)
                self.assertEqual([changed.mutants.index(m) for m in changed.named_by(argument)], places, argument)
        self.assertGreater(renamed, 50)


if __name__ == "__main__":
    unittest.main()
