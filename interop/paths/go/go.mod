module pure-tls/interop/paths

go 1.24
