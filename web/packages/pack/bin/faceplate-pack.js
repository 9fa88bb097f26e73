#!/usr/bin/env node
// The command; apart from dist/, so that npm can link it before anything is built.
import '../dist/command.js';
