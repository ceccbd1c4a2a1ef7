// The outside opinion: what golang.org/x/mod/sumdb says about our proofs and about an export. Run by Outside.test.ts.
//
//	go run main.go proofs 300   every inclusion and consistency proof of trees to 300 leaves, as one hash
//	go run main.go export DIR   the notes, roots and tiles of an export
package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func fail(format string, args ...interface{}) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(3)
}

func must(err error) {
	if err != nil {
		fail("%v", err)
	}
}

type hashes []tlog.Hash

func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		found[i] = h[index]
	}
	return found, nil
}

func (h *hashes) add(n int64, data []byte) {
	more, err := tlog.StoredHashes(n, data, *h)
	must(err)
	*h = append(*h, more...)
}

func proofs(max int64) {
	var tree hashes
	digest := sha256.New()
	for n := int64(1); n <= max; n++ {
		tree.add(n-1, []byte(fmt.Sprintf("event %d", n-1)))
		root, err := tlog.TreeHash(n, tree)
		must(err)
		digest.Write(root[:])
		for m := int64(0); m < n; m++ {
			proof, err := tlog.ProveRecord(n, m, tree)
			must(err)
			for _, hash := range proof {
				digest.Write(hash[:])
			}
		}
		for m := int64(1); m <= n; m++ {
			proof, err := tlog.ProveTree(n, m, tree)
			must(err)
			for _, hash := range proof {
				digest.Write(hash[:])
			}
		}
	}
	fmt.Println(hex.EncodeToString(digest.Sum(nil)))
}

func export(dir string) {
	read := func(name string) []byte {
		content, err := os.ReadFile(filepath.Join(dir, name))
		must(err)
		return content
	}
	var verifiers []note.Verifier
	for _, line := range strings.Fields(string(read("keys"))) {
		verifier, err := note.NewVerifier(line)
		must(err)
		verifiers = append(verifiers, verifier)
	}
	known := note.VerifierList(verifiers...)
	roots := map[int64]tlog.Hash{}
	last, signatures := int64(0), 0
	open := func(text []byte) {
		opened, err := note.Open(text, known)
		must(err)
		if len(opened.UnverifiedSigs) > 0 {
			fail("a signature nobody knows")
		}
		signatures += len(opened.Sigs)
		lines := strings.Split(opened.Text, "\n")
		size, err := strconv.ParseInt(lines[1], 10, 64)
		must(err)
		root, err := base64.StdEncoding.DecodeString(lines[2])
		must(err)
		var hash tlog.Hash
		copy(hash[:], root)
		roots[size], last = hash, size
	}
	all := read("checkpoints")
	for len(all) > 0 {
		body := bytes.Index(all, []byte("\n\n"))
		end := bytes.Index(all[body+2:], []byte("\n\n")) + body + 3
		open(all[:end])
		all = all[end+1:]
	}
	count := len(roots)
	open(read("checkpoint"))

	var tree hashes
	file, err := os.Open(filepath.Join(dir, "events.jsonl"))
	must(err)
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, 1<<20)
	n := int64(0)
	for ; scanner.Scan(); n++ {
		tree.add(n, scanner.Bytes())
		if root, ok := roots[n+1]; ok {
			found, err := tlog.TreeHash(n+1, tree)
			must(err)
			if found != root {
				fail("another root at %d", n+1)
			}
		}
	}
	if n != last {
		fail("%d events, %d signed", n, last)
	}
	tiles := 0
	for _, tile := range tlog.NewTiles(8, 0, n) {
		// Of the tile that grows, Go lists every width it ever had.
		if width := (n >> (8 * tile.L)) & 255; tile.W < 256 && int64(tile.W) != width {
			continue
		}
		data, err := tlog.ReadTileData(tile, tree)
		must(err)
		// The layout of sum.golang.org has the height of tiles in their path; that of C2SP has not.
		if !bytes.Equal(data, read(strings.Replace(tile.Path(), "tile/8/", "tile/", 1))) {
			fail("another tile %s", tile.Path())
		}
		tiles++
	}
	fmt.Printf("events %d, checkpoints %d, signatures %d, tiles %d\n", n, count, signatures, tiles)
}

func main() {
	switch os.Args[1] {
	case "proofs":
		max, err := strconv.ParseInt(os.Args[2], 10, 64)
		must(err)
		proofs(max)
	case "export":
		export(os.Args[2])
	}
}
