# The Consul that `tandem --coord consul up` runs for its system alone: one server, on this host, for
# this host. See tandem-coord(7). tandem(1) itself says where the data is, and which ports it has.
server           = true
bootstrap_expect = 1
bind_addr        = "127.0.0.1"
client_addr      = "127.0.0.1"

# A server that leaves gives up its place, here the only one: it stays what it was across stops.
leave_on_terminate      = false
skip_leave_on_interrupt = true

# It hears from itself alone, so nothing is to be gained by waiting for long before it leads.
performance {
  raft_multiplier = 1
}

# All processes of the system ask from one address, each over a few connections.
limits {
  http_max_conns_per_client = 2000
}

# A load balancer is told of what passes its checks, and of nothing else.
dns_config {
  only_passing = true
}

disable_update_check = true
log_level            = "warn"
