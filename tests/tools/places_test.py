"""What a new op costs: the places that name the worked example's op are those that the page lists, at most nine."""
import pathlib
import re
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("bench", "cmake", "examples", "include", "kernels", "src", "tests")
OP = re.compile(r"(?<![a-z])gather(?![a-z])|Gather(?![a-z])")
NOT_CODE = re.compile(r'//[^\n]*|/\*.*?\*/|(?<!include )"(?:\\.|[^"\\\n])*"', re.DOTALL)


def places(root):
    """Files of C++, CUDA and CMake that name the op outside of comments and texts; a header and its source are
    one place."""
    files = [p for folder in FOLDERS for p in (root / folder).rglob("*")
             if p.suffix in (".h", ".cpp", ".cu", ".cmake") or p.name == "CMakeLists.txt"]
    return {str(p.relative_to(root).with_suffix("")) for p in files
            if OP.search(NOT_CODE.sub('""', p.read_text()))}


class Places(unittest.TestCase):
    def test_a_new_op_touches_the_nine_that_the_page_lists(self):
        page = (ROOT / "docs" / "writing-kernels.md").read_text()
        example = page[page.index("## A worked example"):]
        listed = re.findall(r"^\| `([^`]+)` \|", example, re.MULTILINE)
        self.assertLessEqual(len(listed), 9)
        self.assertEqual(places(ROOT), {str(pathlib.Path(p).with_suffix("")) for p in listed})

    def test_code_counts_and_comments_do_not(self):
        with tempfile.TemporaryDirectory() as folder:
            src = pathlib.Path(folder) / "src"
            src.mkdir()
            for name, text in {"a.cpp": "// gathers, and to gather\n", "b.h": 'f("gather 3x4");', "c.h": "gathered();",
                               "d.cpp": '#include "ops/gather.h"', "e.cpp": "b.gather(x);", "e.h": "void f(Gather);",
                               "CMakeLists.txt": "add(gather.cpp)"}.items():
                (src / name).write_text(text)
            self.assertEqual(places(pathlib.Path(folder)), {"src/d", "src/e", "src/CMakeLists"})


if __name__ == "__main__":
    unittest.main()
