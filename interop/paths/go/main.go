// Answers questions about certificate paths with crypto/x509: one JSON object a line in, one line out.
package main

import (
	"bufio"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"
)

type question struct {
	Chain   [][]byte `json:"chain"`
	Anchors [][]byte `json:"anchors"`
	Purpose string   `json:"purpose"`
	Host    string   `json:"host"`
	Now     int64    `json:"now"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			panic(err)
		}
		if err := answer(asked); err != nil {
			fmt.Println("refused:", strings.ReplaceAll(err.Error(), "\n", " "))
		} else {
			fmt.Println("accepted")
		}
	}
}

func answer(asked question) error {
	leaf, err := x509.ParseCertificate(asked.Chain[0])
	if err != nil {
		return err
	}
	usages := map[string]x509.ExtKeyUsage{
		"serverAuth": x509.ExtKeyUsageServerAuth,
		"clientAuth": x509.ExtKeyUsageClientAuth,
	}
	_, err = leaf.Verify(x509.VerifyOptions{
		DNSName:       asked.Host,
		Intermediates: poolOf(asked.Chain[1:]),
		Roots:         poolOf(asked.Anchors),
		CurrentTime:   time.UnixMilli(asked.Now),
		KeyUsages:     []x509.ExtKeyUsage{usages[asked.Purpose]},
	})
	return err
}

func poolOf(certificates [][]byte) *x509.CertPool {
	pool := x509.NewCertPool()
	for _, der := range certificates {
		if certificate, err := x509.ParseCertificate(der); err == nil {
			pool.AddCert(certificate)
		}
	}
	return pool
}
