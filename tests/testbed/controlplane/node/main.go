// What a real node needs beside kubelet and containerd, in one static program: a device plugin of pretended GPUs, a driver
// of claims for them, a container's process that says what it was given, the pause process, and an image of itself for both.
package main

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	api "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"
	dra "k8s.io/kubelet/pkg/apis/dra/v1"
	registration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
)

// As NVIDIA's plugin tells its container runtime.
const given = "NVIDIA_VISIBLE_DEVICES"

func main() {
	if len(os.Args) < 2 {
		log.Fatal("usage: node pause | hold FILE | image NAME FILE | plugin RESOURCE ID... | driver NAME POOL")
	}
	switch os.Args[1] {
	case "pause":
		wait()
	case "hold":
		check(os.WriteFile(os.Args[2], []byte(os.Getenv(given)), 0o644))
		wait()
	case "image":
		image(os.Args[2], os.Args[3])
	case "plugin":
		plugin(os.Args[2], os.Args[3:])
	case "driver":
		driver(os.Args[2], os.Args[3])
	default:
		log.Fatalf("unknown: %q", os.Args[1])
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func wait() {
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM, syscall.SIGINT)
	<-end
}

// image writes an archive of one layer, this program, as `docker save` does.
func image(name, file string) {
	program, err := os.ReadFile("/proc/self/exe")
	check(err)
	layer := archive(map[string][]byte{"node": program})
	config, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH,
		"os":           "linux",
		"config":       map[string]any{"Entrypoint": []string{"/node"}, "Cmd": []string{"pause"}},
		"rootfs":       map[string]any{"type": "layers", "diff_ids": []string{fmt.Sprintf("sha256:%x", sha256.Sum256(layer))}},
	})
	check(err)
	manifest, err := json.Marshal([]any{
		map[string]any{"Config": "config.json", "RepoTags": []string{name}, "Layers": []string{"layer.tar"}},
	})
	check(err)
	files := map[string][]byte{"manifest.json": manifest, "config.json": config, "layer.tar": layer}
	check(os.WriteFile(file, archive(files), 0o644))
}

func archive(files map[string][]byte) []byte {
	var to bytes.Buffer
	writer := tar.NewWriter(&to)
	for name, content := range files {
		check(writer.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(content))}))
		_, err := writer.Write(content)
		check(err)
	}
	check(writer.Close())
	return to.Bytes()
}

type server struct {
	api.UnimplementedDevicePluginServer
	ids []string
}

func (s *server) GetDevicePluginOptions(context.Context, *api.Empty) (*api.DevicePluginOptions, error) {
	return &api.DevicePluginOptions{}, nil
}

func (s *server) ListAndWatch(_ *api.Empty, to api.DevicePlugin_ListAndWatchServer) error {
	var devices []*api.Device
	for _, id := range s.ids {
		devices = append(devices, &api.Device{ID: id, Health: api.Healthy})
	}
	if err := to.Send(&api.ListAndWatchResponse{Devices: devices}); err != nil {
		return err
	}
	<-to.Context().Done()
	return nil
}

func (s *server) Allocate(_ context.Context, asked *api.AllocateRequest) (*api.AllocateResponse, error) {
	answer := &api.AllocateResponse{}
	for _, container := range asked.ContainerRequests {
		envs := map[string]string{given: strings.Join(container.DevicesIds, ",")}
		answer.ContainerResponses = append(answer.ContainerResponses, &api.ContainerAllocateResponse{Envs: envs})
	}
	return answer, nil
}

// plugin offers devices until it is ended. A kubelet that starts removes the sockets of all plugins: then it registers
// anew, as NVIDIA's does.
func plugin(resource string, ids []string) {
	name := strings.NewReplacer("/", "-", ".", "-").Replace(resource) + ".sock"
	socket := filepath.Join(api.DevicePluginPath, name)
	for {
		err := serve(resource, name, socket, ids)
		log.Printf("%s: %v; again", resource, err)
		time.Sleep(200 * time.Millisecond)
	}
}

func serve(resource, name, socket string, ids []string) error {
	os.Remove(socket)
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	serving := grpc.NewServer()
	api.RegisterDevicePluginServer(serving, &server{ids: ids})
	go serving.Serve(listener)
	defer serving.Stop()
	if err := register(resource, name); err != nil {
		return err
	}
	log.Printf("%s: registered", resource)
	for {
		if _, err := os.Stat(socket); err != nil {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func register(resource, name string) error {
	link, err := grpc.NewClient("unix:"+api.KubeletSocket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer link.Close()
	request := &api.RegisterRequest{Version: api.Version, Endpoint: name, ResourceName: resource}
	_, err = api.NewRegistrationClient(link).Register(context.Background(), request)
	return err
}

type claims struct {
	dra.UnimplementedDRAPluginServer
	registration.UnimplementedRegistrationServer
	name, pool, endpoint string
}

func (c *claims) GetInfo(context.Context, *registration.InfoRequest) (*registration.PluginInfo, error) {
	versions := []string{dra.DRAPluginService}
	return &registration.PluginInfo{Type: registration.DRAPlugin, Name: c.name, Endpoint: c.endpoint, SupportedVersions: versions}, nil
}

func (c *claims) NotifyRegistrationStatus(_ context.Context, status *registration.RegistrationStatus) (*registration.RegistrationStatusResponse, error) {
	log.Printf("%s: registered: %v %s", c.name, status.PluginRegistered, status.Error)
	return &registration.RegistrationStatusResponse{}, nil
}

// NodePrepareResources gives each claim the device that has the claim's name.
func (c *claims) NodePrepareResources(_ context.Context, asked *dra.NodePrepareResourcesRequest) (*dra.NodePrepareResourcesResponse, error) {
	answer := &dra.NodePrepareResourcesResponse{Claims: map[string]*dra.NodePrepareResourceResponse{}}
	for _, claim := range asked.Claims {
		device := &dra.Device{PoolName: c.pool, DeviceName: claim.Name}
		answer.Claims[claim.Uid] = &dra.NodePrepareResourceResponse{Devices: []*dra.Device{device}}
	}
	return answer, nil
}

func (c *claims) NodeUnprepareResources(_ context.Context, asked *dra.NodeUnprepareResourcesRequest) (*dra.NodeUnprepareResourcesResponse, error) {
	answer := &dra.NodeUnprepareResourcesResponse{Claims: map[string]*dra.NodeUnprepareResourceResponse{}}
	for _, claim := range asked.Claims {
		answer.Claims[claim.Uid] = &dra.NodeUnprepareResourceResponse{}
	}
	return answer, nil
}

// driver prepares claims until it is ended. A kubelet that starts finds it by its socket among those of all plugins.
func driver(name, pool string) {
	const kubelet = "/var/lib/kubelet"
	driver := &claims{name: name, pool: pool, endpoint: filepath.Join(kubelet, "plugins", name, "dra.sock")}
	serving := grpc.NewServer()
	dra.RegisterDRAPluginServer(serving, driver)
	registration.RegisterRegistrationServer(serving, driver)
	for _, socket := range []string{driver.endpoint, filepath.Join(kubelet, "plugins_registry", name+"-reg.sock")} {
		check(os.MkdirAll(filepath.Dir(socket), 0o755))
		listener, err := net.Listen("unix", socket)
		check(err)
		go serving.Serve(listener)
	}
	wait()
}
