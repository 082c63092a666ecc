// URLs that servers listen on and clients dial: ipc:///path, abstract://name, tcp://host:port.
#pragma once

#include <string>

#include "base/result.h"

namespace tandem::rpc {

// kConfig where the scheme is another one, the port no number, or the path of a socket file empty
// or longer than the 107 bytes that the kernel takes.
Status check_url(const std::string& url);

// Checks the URL and clears the way: a socket file on which nobody listens, left behind by a
// process that was killed, is removed. kBusy where somebody listens there, also after 200 ms of
// waiting; kCannotCreate where something that is no socket is in the way. Two processes that start
// at the same time are told apart by the lock that each holds on its own directory, not here.
Status prepare_to_listen(const std::string& url);

// Whether the URL names a socket file that is not there.
bool socket_file_is_missing(const std::string& url);
bool is_tcp(const std::string& url);
std::string with_port(const std::string& url, int port);

}  // namespace tandem::rpc
