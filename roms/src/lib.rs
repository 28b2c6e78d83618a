//! The ROM images and the demo disk, assembled from our own source.
