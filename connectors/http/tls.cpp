#include "connectors/http/tls.h"

#include <fmt/format.h>
#include <openssl/ssl.h>

#include <string_view>

namespace tributary {
namespace {

namespace ssl = boost::asio::ssl;

constexpr const char* kCiphers12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* kCiphers13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr std::string_view kProtocol = "http/1.1";

// A client that offers protocols gets HTTP/1.1 when that is among them; otherwise it goes on without an answer, and the
// gate refuses what is not HTTP/1.1.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_bytes, const unsigned char* offered,
                    unsigned int offered_bytes, void*) {
  for (unsigned int at = 0; at < offered_bytes; at += 1u + offered[at]) {
    if (at + 1u + offered[at] > offered_bytes) break;
    std::string_view name(reinterpret_cast<const char*>(offered + at + 1), offered[at]);
    if (name != kProtocol) continue;
    *out = offered + at + 1;
    *out_bytes = offered[at];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

}  // namespace

Result<std::unique_ptr<ssl::context>> make_tls_context(const std::string& certificate_file,
                                                       const std::string& key_file) {
  auto context = std::make_unique<ssl::context>(ssl::context::tls_server);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);  // idle connections give 32 KiB back
  SSL_CTX_set_alpn_select_cb(native, &choose_protocol, nullptr);
  if (SSL_CTX_set_cipher_list(native, kCiphers12) != 1 || SSL_CTX_set_ciphersuites(native, kCiphers13) != 1)
    return Error(ErrorCode::config, "setting up TLS: this OpenSSL lacks the AEAD suites");

  boost::system::error_code error;
  context->use_certificate_chain_file(certificate_file, error);
  if (error)
    return Error(ErrorCode::config, fmt::format("reading certificate {}: {}", certificate_file, error.message()));
  context->use_private_key_file(key_file, ssl::context::pem, error);
  if (error) return Error(ErrorCode::config, fmt::format("reading key {}: {}", key_file, error.message()));
  if (SSL_CTX_check_private_key(native) != 1)
    return Error(ErrorCode::config,
                 fmt::format("reading key {}: does not belong to certificate {}", key_file, certificate_file));
  return context;
}

}  // namespace tributary
