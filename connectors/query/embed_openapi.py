"""Writes openapi.yaml as a C++ source that holds it as JSON. Usage: embed_openapi.py openapi.yaml output.cpp"""
import datetime
import json
import pathlib
import sys

import yaml

# A compiler need not take string literals beyond 65,536 bytes, so the text is an array of bytes.
TEMPLATE = """// Made from connectors/query/openapi.yaml; do not edit.
#include "connectors/query/query_routes.h"

namespace tributary {{
namespace {{
constexpr unsigned char kOpenapi[] = {{
{rows}
}};
}}  // namespace

std::string_view openapi_json() {{ return {{reinterpret_cast<const char*>(kOpenapi), sizeof kOpenapi}}; }}

}}  // namespace tributary
"""


def refuse_unknown(value):
    """YAML reads an unquoted time as one, and JSON has none."""
    if isinstance(value, (datetime.date, datetime.datetime)):
        raise ValueError(f"quote the time {value} in openapi.yaml")
    raise TypeError(f"{type(value).__name__} has no JSON form")


def main(source: str, target: str):
    document = yaml.safe_load(pathlib.Path(source).read_text())
    data = json.dumps(document, ensure_ascii=False, separators=(",", ":"), default=refuse_unknown).encode()
    rows = (",".join(str(byte) for byte in data[at:at + 40]) for at in range(0, len(data), 40))
    pathlib.Path(target).write_text(TEMPLATE.format(rows=",\n".join(rows)))


if __name__ == "__main__":
    main(*sys.argv[1:])
