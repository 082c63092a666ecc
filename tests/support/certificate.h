// A certificate, its key, that key with a password, and the key of another one: made for tests, and of no
// use elsewhere.
#pragma once

namespace tandem::support {

inline constexpr char kCertificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBdTCCARugAwIBAgIUbEoimgvGaAznzhgCVwMMigjem+cwCgYIKoZIzj0EAwIw\n"
    "DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMzAxOTQ1NDRaGA8yMTI2MTEwNjE5NDU0\n"
    "NFowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABLro\n"
    "ze95pTqTIG1JA5A9M3A4d2+qYjazRhyPs0rNFcnGjn+d51H4AUPIErEomVt7FMSo\n"
    "9U83cAOrg9Tw3AilQ8+jUzBRMB0GA1UdDgQWBBQTNxB1W0iT9gI9zq1IasGwWZIM\n"
    "EjAfBgNVHSMEGDAWgBQTNxB1W0iT9gI9zq1IasGwWZIMEjAPBgNVHRMBAf8EBTAD\n"
    "AQH/MAoGCCqGSM49BAMCA0gAMEUCIDt1Vo2SbwX8MJ/ba2rQEJx7dU/c+vaIkOd/\n"
    "TRqJjlvqAiEAoMEBfoAXVnDaYnlEco7Eg4zAxviNLlI7SBMomGdbM14=\n"
    "-----END CERTIFICATE-----\n";

inline constexpr char kKey[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg0d344ma90v2BEEUH\n"
    "4CL/s14L92J+luF+bIKKkq8iPcihRANCAAS66M3veaU6kyBtSQOQPTNwOHdvqmI2\n"
    "s0Ycj7NKzRXJxo5/nedR+AFDyBKxKJlbexTEqPVPN3ADq4PU8NwIpUPP\n"
    "-----END PRIVATE KEY-----\n";

inline constexpr char kKeyWithPassword[] =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAi++FGigLxKyAICCAAw\n"
    "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEELPXy1jhbRpJXmWDyotfiXsEgZCt\n"
    "DN3WyNdFMfqymSgkZSTXglRj2VNw+TAbT2k1jrI7vscOxaaQur4JvtbosC4pe+N2\n"
    "Mxdcv1IphMu7p4gpGaB/pDbKMx3ydlaANUnjTq/FlyOg/hJCaa7SnRf2QpVs9ZEq\n"
    "/WGQotR9vWmDuKPG/RzdyNRbU5SN7/CK6t2ash4tGQ/CoBABgCb3UIEJt/a6zbc=\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n";

inline constexpr char kOtherKey[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgaGr4mMLkPgbOuaMv\n"
    "cJYXojIL6e3FxuK8wb+RqsB/6wyhRANCAATjFA1/9FpMp2GWZdZ34FNho9ISGXKz\n"
    "bpxTo7g99JIRB7ZAlnXfd4KWD7MenDntgEX9Fy2TNWwmjZGjbPd6TjQK\n"
    "-----END PRIVATE KEY-----\n";

}  // namespace tandem::support
