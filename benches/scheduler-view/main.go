// Command scheduler-view calls two extenders in turns with kube-scheduler's own client and prints how long the scheduler
// waits for each, its JSON included.
//
//	scheduler-view POD NODES CALLS FIRST SECOND PATH...
//
// POD is a file with a Pod, NODES one with the names of the nodes to ask about, both JSON. FIRST and SECOND are URLs;
// the scheduler's urlPrefix is one of them with a PATH behind it. Both must give the same answers.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	extenderv1 "k8s.io/kube-scheduler/extender/v1"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler"
	"k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/framework"
)

// Calls of a turn; then it is the other's.
const turn = 5

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "scheduler-view:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) < 6 {
		return errors.New("usage: scheduler-view POD NODES CALLS FIRST SECOND PATH...")
	}
	question, err := read(arguments[0], arguments[1])
	if err != nil {
		return err
	}
	calls, err := strconv.Atoi(arguments[2])
	if err != nil {
		return err
	}
	for _, path := range arguments[5:] {
		for _, verb := range []string{"filter", "prioritize"} {
			row, err := question.compare(verb, path, arguments[3:5], calls)
			if err != nil {
				return fmt.Errorf("%s of %s: %w", verb, path, err)
			}
			fmt.Printf("  %-32s %s\n", path+"/"+verb, row)
		}
	}
	return nil
}

// What the scheduler wants to know.
type question struct {
	pod   *v1.Pod
	nodes []fwk.NodeInfo
}

func read(podFile, nodesFile string) (*question, error) {
	var pod v1.Pod
	if err := readJSON(podFile, &pod); err != nil {
		return nil, err
	}
	var names []string
	if err := readJSON(nodesFile, &names); err != nil {
		return nil, err
	}
	nodes := make([]fwk.NodeInfo, 0, len(names))
	for _, name := range names {
		node := framework.NewNodeInfo()
		node.SetNode(&v1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}})
		nodes = append(nodes, node)
	}
	return &question{&pod, nodes}, nil
}

func readJSON(file string, into any) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// compare gives a row of the table: both extenders, and what of it is the client's own JSON.
func (q *question) compare(verb, path string, urls []string, calls int) (string, error) {
	var extenders []fwk.Extender
	for _, url := range urls {
		extender, err := scheduler.NewHTTPExtender(&config.Extender{
			URLPrefix:        url + "/" + path,
			FilterVerb:       "filter",
			PrioritizeVerb:   "prioritize",
			Weight:           80,
			NodeCacheCapable: true,
			HTTPTimeout:      metav1.Duration{Duration: 10 * time.Second},
		})
		if err != nil {
			return "", err
		}
		extenders = append(extenders, extender)
	}
	times := make([][]time.Duration, len(extenders))
	var expected []extenderv1.HostPriority
	for range (calls + turn - 1) / turn {
		for number, extender := range extenders {
			found, took, err := q.turn(extender, verb)
			if err != nil {
				return "", err
			}
			times[number] = append(times[number], took...)
			if expected == nil {
				expected = found
			}
			if len(found) == 0 || !slices.Equal(found, expected) {
				return "", fmt.Errorf("expected %v, found %v from %s", expected, found, extender.Name())
			}
		}
	}
	own, err := q.ownWork(verb, urls[1]+"/"+path+"/"+verb, calls)
	if err != nil {
		return "", err
	}
	row := ""
	for _, percent := range []int{50, 99} {
		first, second := percentile(times[0], percent), percentile(times[1], percent)
		row += fmt.Sprintf("p%d %6.3f / %6.3f = %5.2f    ", percent, first, second, first/second)
	}
	return fmt.Sprintf("%sJSON alone p50 %6.3f", row, percentile(own, 50)), nil
}

// turn calls the extender some times in a row as kube-scheduler does, and gives its last answer: the points of each node,
// or the nodes that fit.
func (q *question) turn(extender fwk.Extender, verb string) ([]extenderv1.HostPriority, []time.Duration, error) {
	var (
		points *extenderv1.HostPriorityList
		nodes  []fwk.NodeInfo
		took   []time.Duration
		err    error
	)
	for range turn {
		start := time.Now()
		if verb == "filter" {
			nodes, _, _, err = extender.Filter(q.pod, q.nodes)
		} else {
			points, _, err = extender.Prioritize(q.pod, q.nodes)
		}
		took = append(took, time.Since(start))
		if err != nil {
			return nil, nil, err
		}
	}
	if verb == "prioritize" {
		return *points, took, nil
	}
	var fitting []extenderv1.HostPriority
	for _, node := range nodes {
		fitting = append(fitting, extenderv1.HostPriority{Host: node.Node().Name})
	}
	return fitting, took, nil
}

// ownWork does what the client does without the network: it writes the request and reads the reply.
func (q *question) ownWork(verb, url string, calls int) ([]time.Duration, error) {
	write := func() ([]byte, error) {
		names := make([]string, 0, len(q.nodes))
		for _, node := range q.nodes {
			names = append(names, node.Node().Name)
		}
		return json.Marshal(&extenderv1.ExtenderArgs{Pod: q.pod, NodeNames: &names})
	}
	request, err := write()
	if err != nil {
		return nil, err
	}
	response, err := http.Post(url, "application/json", bytes.NewReader(request))
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	reply, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	var times []time.Duration
	for range calls {
		var result any = &extenderv1.HostPriorityList{}
		if verb == "filter" {
			result = &extenderv1.ExtenderFilterResult{}
		}
		start := time.Now()
		if _, err := write(); err != nil {
			return nil, err
		}
		if err := json.NewDecoder(bytes.NewReader(reply)).Decode(result); err != nil {
			return nil, err
		}
		times = append(times, time.Since(start))
	}
	return times, nil
}

// percentile is the time in milliseconds that so many of a hundred calls did not pass. The nearest that was measured.
func percentile(times []time.Duration, percent int) float64 {
	slices.Sort(times)
	rank := max((len(times)*percent+99)/100, 1)
	return times[rank-1].Seconds() * 1e3
}
