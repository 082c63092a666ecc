# What the token of a tandem system may do in Consul. See tandem-coord(7).
#
#   consul acl policy create -name tandem -rules @consul-policy.hcl
#   consul acl token create -description tandem -policy-name tandem
#
# Where coord.prefix is another one, so is the first of these. Whoever may write there owns the data.
key_prefix "tandem/" {
  policy = "write"
}

# Locks are held by sessions of the node "tandem", which has no agent, and which tandem makes.
session "tandem" {
  policy = "write"
}
node "tandem" {
  policy = "write"
}

# The services that the processes are registered as.
service_prefix "rs-" {
  policy = "write"
}
service_prefix "ts-" {
  policy = "write"
}

# Where the DNS of the agent is, for the load balancer of `tandem up`.
agent_prefix "" {
  policy = "read"
}
