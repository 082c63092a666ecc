// The file that tandem(1) writes when it starts a system: run/client.toml with the URLs of what it
// started. It is looked for below $TANDEM_DIR, then below the working directory.
#pragma once

#include <functional>
#include <string>

namespace tandem::client {

// The path of the first one there is, or "". A file of another user, root excepted, is passed over
// and told to `warn`: it would choose where names and passwords are sent. `tandem_dir` is the value
// of the variable, empty where it is not set.
std::string find_client_file(const std::string& tandem_dir,
                             const std::function<void(const std::string&)>& warn);

}  // namespace tandem::client
