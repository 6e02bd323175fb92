"""Writes YAML files as a C++ source that holds them. Usage: embed_shipped_files.py output.cpp file.yaml..."""
import pathlib
import sys

# A compiler need not take string literals beyond 65,536 bytes, so each text is an array of bytes.
TEMPLATE = """// Made from config/connectors/*.yaml; do not edit.
#include "connectors/webhook/shipped_files.h"

#include <array>

namespace tributary {{
namespace {{
{arrays}
const std::array<ShippedFile, {count}> kShippedFiles = {{{{
{entries}
}}}};
}}  // namespace

std::span<const ShippedFile> shipped_files() {{ return kShippedFiles; }}

}}  // namespace tributary
"""


def array_of(number: int, data: bytes) -> str:
    rows = (",".join(str(byte) for byte in data[at:at + 40]) for at in range(0, len(data), 40))
    return f"constexpr unsigned char kText{number}[] = {{\n" + ",\n".join(rows) + "\n};"


def main(target: str, *sources: str):
    files = sorted((pathlib.Path(source) for source in sources), key=lambda path: path.stem)
    arrays = "\n".join(array_of(number, path.read_bytes()) for number, path in enumerate(files))
    entries = ",\n".join(
        f'    ShippedFile{{"{path.stem}", {{reinterpret_cast<const char*>(kText{number}), sizeof kText{number}}}}}'
        for number, path in enumerate(files))
    pathlib.Path(target).write_text(TEMPLATE.format(arrays=arrays, entries=entries, count=len(files)))


if __name__ == "__main__":
    main(*sys.argv[1:])
