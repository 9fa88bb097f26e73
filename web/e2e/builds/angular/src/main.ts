import { Component, provideZonelessChangeDetection, signal } from '@angular/core';
import { bootstrapApplication } from '@angular/platform-browser';

@Component({ selector: 'app-root', template: '<h1>{{ name() }} runs</h1>' })
class App {
  readonly name = signal('Angular');
}

await bootstrapApplication(App, { providers: [provideZonelessChangeDetection()] });
