// What a user names as the file of an import, as text.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "connectors/bulk/import_text.h"
#include "connectors/bulk/mapped_file.h"
#include "engine/base/result.h"

namespace tributary {

constexpr std::string_view kStandardInput = "-";

/// Not copied nor moved: its text sees its files.
struct InputFile {
  std::optional<MappedFile> stored;   // the file as it lies there; none of a pipe, which passes by once
  std::optional<MappedFile> spooled;  // its text, when it had to be whole and was not
  std::unique_ptr<ImportText> text;
};

/// What is to be made of a file's bytes.
struct TextWanted {
  bool whole = false;
  bool gb18030 = false;  // else UTF-8, or what its reader decodes
};

/// Opens a file, a pipe, or `-` for standard input; gzip and zstd are recognised by their content, UTF-16 by its byte
/// order mark. With `whole`, text that is not simply mapped goes through a temporary file without a name in $TMPDIR
/// (/var/tmp), of its full size. Errors: not_found and io name the file; corrupt when the whole is wanted and the
/// compressed data is damaged; disk_full.
Result<std::unique_ptr<InputFile>> open_input_file(const std::string& path, TextWanted wanted);

}  // namespace tributary
