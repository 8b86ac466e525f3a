// Command null-extender answers kube-scheduler without deciding anything: it reads the request and writes a fixed reply.
// What a call to it costs is what Go, HTTP and the reply's size cost anyway.
//
//	null-extender ADDRESS REPLIES
//
// REPLIES is a directory, read at start: POST /a/b answers with the bytes of the file a/b.
package main

import (
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http"
	"os"
	"strconv"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: null-extender ADDRESS REPLIES")
		os.Exit(2)
	}
	mux := http.NewServeMux()
	directory := os.DirFS(os.Args[2])
	err := fs.WalkDir(directory, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		reply, err := fs.ReadFile(directory, path)
		mux.HandleFunc("POST /"+path, answer(reply))
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe(os.Args[1], mux))
}

func answer(reply []byte) http.HandlerFunc {
	return func(writer http.ResponseWriter, request *http.Request) {
		if _, err := io.ReadAll(request.Body); err != nil {
			return
		}
		writer.Header().Set("Content-Type", "application/json")
		writer.Header().Set("Content-Length", strconv.Itoa(len(reply)))
		writer.Write(reply)
	}
}
