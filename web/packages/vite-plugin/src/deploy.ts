// Pushes an image to a device.
