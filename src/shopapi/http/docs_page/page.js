"use strict";
SwaggerUIBundle({ url: "/openapi.json", domNode: document.getElementById("api"), deepLinking: true, validatorUrl: null });
