#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "engine/base/result.h"

namespace tributary {

/// A server's TLS settings: 1.2 and 1.3, AEAD suites with forward secrecy, no compression, no renegotiation, HTTP/1.1
/// as the only protocol. Errors: config, naming the file.
Result<std::unique_ptr<boost::asio::ssl::context>> make_tls_context(const std::string& certificate_file,
                                                                    const std::string& key_file);

}  // namespace tributary
