module pure-tls/interop

go 1.26
