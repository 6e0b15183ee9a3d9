// A TLS 1.3 peer made of Go's crypto/tls alone:
//
//	peer serve -cert FILE -key FILE    prints "LISTEN port", answers each line with the line reversed
//	peer connect -port N -ca FILE -name HOST -line TEXT
//
// With -count several connections follow each other, resumed where that is possible, and the last one is reported. A
// server with -ca insists on a client certificate. Either prints what it saw as one line of JSON and exits. With -late data and answer are each everything up to
// close_notify: the answer goes out when the other side has already closed its half.
package main

import (
	"bufio"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
)

type report struct {
	CipherSuite         string `json:"cipherSuite"`
	Group               uint16 `json:"group"`
	HelloRetryRequest   bool   `json:"helloRetryRequest"`
	ApplicationProtocol string `json:"applicationProtocol"`
	Resumed             bool   `json:"resumed"`
	Fingerprint         string `json:"fingerprint"`
	Exported            string `json:"exported"`
	ECHAccepted         bool   `json:"echAccepted"`
	OCSPResponse        []byte `json:"ocspResponse"`
	SCT                 []byte `json:"sct"`
	Reply               string `json:"reply"`
	Error               string `json:"error"`
}

var (
	certFile  = flag.String("cert", "", "PEM `file` of the own chain")
	keyFile   = flag.String("key", "", "PEM `file` of the own key")
	caFile    = flag.String("ca", "", "PEM `file` of the certificates to trust")
	port      = flag.Int("port", 0, "port on this machine to connect to")
	name      = flag.String("name", "", "the server's name")
	line      = flag.String("line", "", "what to send")
	groups    = flag.String("groups", "", "numbers of the groups, separated by commas")
	protocols = flag.String("alpn", "", "application protocols, separated by commas")
	count     = flag.Int("count", 1, "how many connections, one after the other")
	echList   = flag.String("ech-configs", "", "a client's ECHConfigList in base64")
	echKeys   = flag.String("ech-keys", "", "a server's ECH keys, each `config:key` in base64, separated by commas; each is for clients to retry with")
	ocsp      = flag.String("ocsp", "", "an OCSP response to staple, in base64")
	sct       = flag.String("sct", "", "a timestamp to staple, in base64")
	late      = flag.Bool("late", false, "answer when the other side has closed its half")
)

func main() {
	if len(os.Args) < 2 {
		fail(errors.New("serve or connect?"))
	}
	flag.CommandLine.Parse(os.Args[2:])
	config, err := newConfig()
	if err != nil {
		fail(err)
	}
	run := connect
	switch os.Args[1] {
	case "connect":
	case "serve":
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			fail(err)
		}
		fmt.Println("LISTEN", listener.Addr().(*net.TCPAddr).Port)
		run = func(config *tls.Config) (*tls.Conn, string, error) { return serve(listener, config) }
	default:
		fail(errors.New("serve or connect?"))
	}
	conn, reply, err := run(config)
	for i := 1; i < *count && err == nil; i++ {
		conn, reply, err = run(config)
	}
	seen := report{Reply: reply}
	if conn != nil {
		state := conn.ConnectionState()
		seen.CipherSuite = tls.CipherSuiteName(state.CipherSuite)
		seen.Group = uint16(state.CurveID)
		seen.HelloRetryRequest = state.HelloRetryRequest
		seen.ApplicationProtocol = state.NegotiatedProtocol
		seen.Resumed = state.DidResume
		seen.ECHAccepted = state.ECHAccepted
		seen.OCSPResponse = state.OCSPResponse
		if len(state.SignedCertificateTimestamps) > 0 {
			seen.SCT = state.SignedCertificateTimestamps[0]
		}
		if len(state.PeerCertificates) > 0 {
			seen.Fingerprint = fmt.Sprintf("%x", sha256.Sum256(state.PeerCertificates[0].Raw))
		}
		if exported, err := state.ExportKeyingMaterial("EXPORTER-interop", []byte("in this context"), 48); err == nil {
			seen.Exported = hex.EncodeToString(exported)
		}
	}
	if err != nil {
		seen.Error = err.Error()
		var rejection *tls.ECHRejectionError
		if errors.As(err, &rejection) {
			seen.Error += ", retry with " + base64.StdEncoding.EncodeToString(rejection.RetryConfigList)
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(seen); err != nil {
		fail(err)
	}
}

func newConfig() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS13, ServerName: *name, ClientSessionCache: tls.NewLRUClientSessionCache(0)}
	if *protocols != "" {
		config.NextProtos = strings.Split(*protocols, ",")
	}
	for _, text := range strings.FieldsFunc(*groups, func(r rune) bool { return r == ',' }) {
		number, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			return nil, err
		}
		config.CurvePreferences = append(config.CurvePreferences, tls.CurveID(number))
	}
	if *echList != "" {
		list, err := base64.StdEncoding.DecodeString(*echList)
		if err != nil {
			return nil, err
		}
		config.EncryptedClientHelloConfigList = list
	}
	for _, text := range strings.FieldsFunc(*echKeys, func(r rune) bool { return r == ',' }) {
		publicPart, privatePart, _ := strings.Cut(text, ":")
		configured, err := base64.StdEncoding.DecodeString(publicPart)
		if err != nil {
			return nil, err
		}
		key, err := base64.StdEncoding.DecodeString(privatePart)
		if err != nil {
			return nil, err
		}
		config.EncryptedClientHelloKeys = append(config.EncryptedClientHelloKeys,
			tls.EncryptedClientHelloKey{Config: configured, PrivateKey: key, SendAsRetry: true})
	}
	if *certFile != "" {
		certificate, err := tls.LoadX509KeyPair(*certFile, *keyFile)
		if err != nil {
			return nil, err
		}
		if *ocsp != "" {
			if certificate.OCSPStaple, err = base64.StdEncoding.DecodeString(*ocsp); err != nil {
				return nil, err
			}
		}
		if *sct != "" {
			timestamp, err := base64.StdEncoding.DecodeString(*sct)
			if err != nil {
				return nil, err
			}
			certificate.SignedCertificateTimestamps = [][]byte{timestamp}
		}
		config.Certificates = []tls.Certificate{certificate}
	}
	if *caFile != "" {
		pem, err := os.ReadFile(*caFile)
		if err != nil {
			return nil, err
		}
		trusted := x509.NewCertPool()
		if !trusted.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("no certificate in %s", *caFile)
		}
		config.RootCAs = trusted
		config.ClientCAs = trusted
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return config, nil
}

func serve(listener net.Listener, config *tls.Config) (*tls.Conn, string, error) {
	raw, err := listener.Accept()
	if err != nil {
		return nil, "", err
	}
	conn := tls.Server(raw, config)
	defer conn.Close()
	if *late {
		return conn, "", answerLate(conn)
	}
	for reader := bufio.NewReader(conn); ; {
		text, err := reader.ReadString('\n')
		if err == io.EOF {
			return conn, "", nil
		}
		if err != nil {
			return conn, "", err
		}
		if _, err := io.WriteString(conn, reversed(strings.TrimSuffix(text, "\n"))+"\n"); err != nil {
			return conn, "", err
		}
	}
}

func answerLate(conn *tls.Conn) error {
	text, err := io.ReadAll(conn)
	if err != nil {
		return err
	}
	_, err = io.WriteString(conn, reversed(string(text)))
	return err
}

func connect(config *tls.Config) (*tls.Conn, string, error) {
	conn, err := tls.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", *port), config)
	if err != nil {
		return nil, "", err
	}
	defer conn.Close()
	if *late {
		if _, err := io.WriteString(conn, *line); err != nil {
			return conn, "", err
		}
		if err := conn.CloseWrite(); err != nil {
			return conn, "", err
		}
		reply, err := io.ReadAll(conn)
		return conn, string(reply), err
	}
	if _, err := io.WriteString(conn, *line+"\n"); err != nil {
		return conn, "", err
	}
	reply, err := bufio.NewReader(conn).ReadString('\n')
	return conn, strings.TrimSuffix(reply, "\n"), err
}

func reversed(text string) string {
	runes := []rune(text)
	slices.Reverse(runes)
	return string(runes)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
